/* new, delete, arrays, containers, an exception. libstdc++ takes 72,704 bytes at its start.
 * It keeps no frame pointers, so the frame of its caller is missing (until stacks are
 * unwound by .eh_frame); the callers' callers are there.
 *
 * expect: stack('plains').allocs == 10
 * expect: stack('plains').allocated_bytes == 40
 * expect: stack('Widget::arrays').allocated_bytes == 400
 * expect: stack('Widget::arrays').live_bytes == 0
 * expect: stack('fills').reallocs == 0
 * expect: stack('fills').allocated_bytes == 4 * (1 + 2 + 4 + 8 + 16)
 * expect: stack('throws').allocs >= 1
 * expect: totals.live_bytes in (0, 72704)
 * compare: preload
 */
#include <stdexcept>
#include <vector>

#define KEEP __attribute__((noinline))

KEEP static void plain()
{
	for (int i = 0; i < 10; i++) {
		int *volatile p = new int(i);
		delete p;
	}
}

KEEP static void plains()
{
	plain();
}

struct Widget {
	KEEP static void array()
	{
		int *volatile p = new int[100];
		delete[] p;
	}

	KEEP static void arrays()
	{
		array();
	}
};

KEEP static void filled()
{
	std::vector<int> numbers;
	for (int i = 0; i < 16; i++)
		numbers.push_back(i);
}

KEEP static void fills()
{
	filled();
}

KEEP static void thrown()
{
	throw std::runtime_error("a text that is too long for the small string inside");
}

KEEP static void throws()
{
	thrown();
}

int main()
{
	plains();
	Widget::arrays();
	fills();
	try {
		throws();
	} catch (const std::exception &) {
	}
	return 0;
}
