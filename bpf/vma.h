/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef CAPTRACK_BPF_VMA_H
#define CAPTRACK_BPF_VMA_H

/* The mapping (VMA) that holds an address of the current process at this moment. */

#define VM_EXEC    4  /* include/linux/mm.h; never changed */
#define PAGE_SHIFT 12 /* of vm_pgoff */
#define EBUSY      16
#define VMA_TRIES  16

struct vma {
	__u64 start, end;
	__u64 offset; /* in the file, of the address asked for; no file: in the mapping */
	struct ct_object_key key;
	__u32 is_code;
	__u32 has_object;
};

struct vma_search {
	__u64 address;
	struct vma *found;
	long result;
};

/* The object of a mapping as the kernel knows it: on an overlay, /proc/PID/maps may tell of
 * another inode. */
static __always_inline bool object_of(struct vm_area_struct *vma, struct ct_object_key *key)
{
	struct file *file = BPF_CORE_READ(vma, vm_file);
	if (file) {
		key->device = BPF_CORE_READ(file, f_inode, i_sb, s_dev);
		key->inode = BPF_CORE_READ(file, f_inode, i_ino);
		return true;
	}
	key->device = CT_VDSO_DEVICE;
	key->inode = CT_VDSO_INODE;
	return (__u64)BPF_CORE_READ(vma, vm_mm, context.vdso) == BPF_CORE_READ(vma, vm_start);
}

static __always_inline void vma_read(struct vm_area_struct *vma, __u64 address, struct vma *out)
{
	out->start = BPF_CORE_READ(vma, vm_start);
	out->end = BPF_CORE_READ(vma, vm_end);
	out->is_code = (BPF_CORE_READ(vma, vm_flags) & VM_EXEC) != 0;
	out->has_object = object_of(vma, &out->key);
	out->offset = address - out->start;
	if (BPF_CORE_READ(vma, vm_file))
		out->offset += BPF_CORE_READ(vma, vm_pgoff) << PAGE_SHIFT;
}

static long take_vma(struct task_struct *task, struct vm_area_struct *vma, struct vma_search *search)
{
	vma_read(vma, search->address, search->found);
	return 0;
}

static long try_vma(__u32 index, struct vma_search *search)
{
	search->result = bpf_find_vma(bpf_get_current_task_btf(), search->address, take_vma, search, 0);
	return search->result != -EBUSY;
}

/* A step down the maple tree (lib/maple_tree.c, mtree_lookup_walk()): a node has slots, and
 * for each but the last the highest address that lies in it. */
struct tree_walk {
	__u64 address;
	__u64 entry; /* a node, with its kind in the low byte; below the leaves a VMA */
};

#define IS_ROOT(entry)   (((entry)&3) == 2 && (entry) > 4096) /* of more than one mapping */
#define NODE_KIND(entry) ((entry) >> 3 & 15)
#define NODE_MASK        255ull

static long step_down(__u32 index, struct tree_walk *walk)
{
	__u64 node = walk->entry & ~NODE_MASK, kind = NODE_KIND(walk->entry);
	bool has_gaps = kind == maple_arange_64;
	__u64 pivots = has_gaps ? bpf_core_field_offset(struct maple_arange_64, pivot)
				: bpf_core_field_offset(struct maple_range_64, pivot);
	__u64 slots = has_gaps ? bpf_core_field_offset(struct maple_arange_64, slot)
			       : bpf_core_field_offset(struct maple_range_64, slot);
	__u64 last = (slots - pivots) / 8;
	__u32 slot;
	if (kind != maple_leaf_64 && kind != maple_range_64 && !has_gaps)
		goto lost;
	for (slot = 0; slot < 16 && slot < last; slot++) {
		__u64 pivot = 0;
		if (bpf_probe_read_kernel(&pivot, sizeof(pivot), (void *)(node + pivots + slot * 8)))
			goto lost;
		if (pivot >= walk->address)
			break;
	}
	if (bpf_probe_read_kernel(&walk->entry, sizeof(walk->entry), (void *)(node + slots + slot * 8)))
		goto lost;
	return kind == maple_leaf_64;
lost:
	walk->entry = 0;
	return 1;
}

/* Without the lock of the address space: as the kernel's page faults do, in a tree made for
 * it (readers under RCU). What is found is checked. */
static __always_inline long walk_to_vma(__u64 address, struct vma *out)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct mm_struct *mm = task->mm;
	if (!mm || !bpf_core_type_exists(struct maple_arange_64))
		return -EBUSY;
	struct tree_walk walk = {.address = address, .entry = (__u64)mm->mm_mt.ma_root};
	if (!IS_ROOT(walk.entry))
		return -EBUSY;
	bpf_loop(8, step_down, &walk, 0);
	struct vm_area_struct *vma = (void *)walk.entry;
	if (!vma || BPF_CORE_READ(vma, vm_mm) != mm)
		return -EBUSY;
	vma_read(vma, address, out);
	return address >= out->start && address < out->end ? 0 : -EBUSY;
}

/* 0, or -EBUSY: the address space is being changed. Nothing there: not code. */
__noinline int vma_find(__u64 address, struct vma *out)
{
	if (!out)
		return 0;
	struct vma_search search = {.address = address, .found = out, .result = -EBUSY};
	bpf_loop(VMA_TRIES, try_vma, &search, 0);
	/* Who changes it may have lost its CPU, so there is no waiting for it. */
	return search.result == -EBUSY ? walk_to_vma(address, out) : 0;
}

#endif
