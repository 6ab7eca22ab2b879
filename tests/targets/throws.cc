/* Exceptions: thrown through frames that clean up, caught and thrown on, and allocations in
 * all of these; containers, inlined; static objects, thread-local ones, std::thread.
 *
 * build: -O2 -fomit-frame-pointer -foptimize-sibling-calls
 * expect: integrity.truncated_stacks == 0
 * expect: stack('__cxa_allocate_exception', 'thrower', 'middle', 'catcher', 'main').allocs >= 1
 * expect: stack('Guard::~Guard', 'middle', 'catcher', 'main').allocs >= 1
 * expect: stack('in_catch', 'catcher', 'main').allocs >= 1
 * expect: stack('Early::Early').allocs >= 1
 * expect: stack('Early::~Early').allocs >= 1
 * expect: stack('Local::~Local').allocs >= 1
 */
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#define KEEP __attribute__((noinline))

static void *volatile kept;
static volatile int number = 60;

KEEP static void keep(int size)
{
	kept = ::operator new(size);
	number = number + 0;
}

struct Early {
	KEEP Early() { keep(40); number = number + 0; }
	KEEP ~Early() { keep(41); number = number + 0; }
} early;

struct Local {
	int n = number;
	KEEP ~Local() { keep(42); number = number + 0; }
};
thread_local Local local;

struct Guard {
	KEEP ~Guard() { keep(43); number = number + 0; }
};

struct Shape {
	virtual ~Shape() = default;
	virtual int area(int n) = 0;
};
struct Other {
	virtual ~Other() = default;
	virtual int more(int n) = 0;
};
struct Square : Shape, Other {
	KEEP int area(int n) override { keep(n); return n * number; }
	KEEP int more(int n) override { keep(n + 1); return n; } /* called through a thunk */
};

KEEP static void thrower(int n)
{
	alignas(64) volatile char at[128];
	at[n] = 1;
	std::string text(n, 'x');
	if (at[n])
		throw std::runtime_error("of a length that does not fit in a string: " + text);
}

KEEP static void middle(int n)
{
	Guard guard;
	std::vector<int> v(n);
	thrower(n);
	number = number + v[0];
}

KEEP static void in_catch(const std::exception &error)
{
	std::string text = error.what();
	number = number + text.size() * 0;
}

KEEP static void catcher(int n)
{
	try {
		try {
			middle(n);
		} catch (const std::runtime_error &error) {
			in_catch(error);
			throw;
		}
	} catch (const std::exception &error) {
		in_catch(error);
		throw std::logic_error(std::string(n, 'y'));
	}
}

KEEP static void contains(int n)
{
	std::map<std::string, std::vector<int>> map;
	for (int i = 0; i < n; i++)
		map["a key that is long enough for the heap " + std::to_string(i % 7)].push_back(i);
	std::function<int(int)> function = [&map, n](int i) { keep(70); return n + i + (int)map.size(); };
	number = number + 0 * function(1);
}

int main()
{
	for (int i = 0; i < 2; i++) {
		try {
			catcher(number);
		} catch (const std::logic_error &error) {
			in_catch(error);
		}
	}
	contains(number);
	Square square;
	Shape *volatile shape = &square;
	Other *volatile other = &square;
	shape->area(number);
	other->more(number);
	std::thread([] { keep(local.n); }).join();
	return 0;
}
