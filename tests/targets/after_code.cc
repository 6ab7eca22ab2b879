/* _start has no debug info, and comes right after code that has: it is not given a line of that.
 *
 * build: -O2 -g
 * expect: stack('fill', 'main', '_start').allocs > 100
 * expect: 'file' not in frame('_start') and 'line' not in frame('_start')
 */
#include <map>
#include <string>
#include <thread>

using tree = std::map<int, std::string>;

[[gnu::noinline]] static void fill(tree &to, int n)
{
	for (int i = 0; i < n; i++)
		to[i] = std::string(40 + i % 100, 'x');
}

struct worker {
	tree to;
	void run(int n) { fill(to, n); }
};

int main()
{
	worker first, second;
	std::thread thread([&] { first.run(50); });
	thread.join();
	second.run(100);
	return 0;
}
