# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""The benchmark, tests/bench: rows are profilers, columns are workloads.

    launch.py    one run of a program: started, timed by itself, ended
    rows.py      the profilers; memleak.py fetches one of them, peer.bt is another's script
    columns.py   the workloads
    measure.py   runs rows and columns in rounds
    loader.py    what the profiler itself costs: CPU, memory, time to attach, a snapshot
    targets.py   the bounds that the figures are held to
    output.py    tables and JSON
"""
