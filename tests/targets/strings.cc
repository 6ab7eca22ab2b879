/* More of C++: strings, maps, aligned and nothrow new, exceptions that are thrown again and
 * kept beyond the catch, blocks of one thread deleted by another.
 *
 * expect: stack('texts').allocated_bytes >= 1001 and stack('texts').live_bytes == 0
 * expect: stack('alignings').allocated_bytes == 256 and stack('alignings').live_bytes == 0
 * expect: stack('nothrows').allocated_bytes == 33
 * expect: totals.failed_allocs == 1
 * expect: totals.live_bytes in (0, 72704)
 * compare: preload
 */
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <new>
#include <string>
#include <thread>

#define KEEP __attribute__((noinline))

/* libstdc++ hides the frame of its caller, so each has a caller of its own to be found by. */
KEEP static void text()
{
	std::string small = "short";
	std::string large(1000, 'x');
	volatile char end = large.back();
	(void)small, (void)end;
}
KEEP static void texts()
{
	text();
	asm volatile("");
}

struct alignas(128) Wide {
	char bytes[256];
};
KEEP static void aligning()
{
	Wide *volatile wide = new Wide;
	delete wide;
}
KEEP static void alignings()
{
	aligning();
	asm volatile("");
}

KEEP static void nothrow()
{
	char *volatile none = new (std::nothrow) char[PTRDIFF_MAX]; /* fails, and does not throw */
	char *volatile some = new (std::nothrow) char[33];
	delete[] none;
	delete[] some;
}
KEEP static void nothrows()
{
	nothrow();
	asm volatile("");
}

KEEP static std::exception_ptr thrown_again()
{
	try {
		try {
			throw std::string("one that does not fit into the string itself");
		} catch (std::string &) {
			throw;
		}
	} catch (...) {
		return std::current_exception();
	}
}

KEEP static void tree()
{
	std::map<int, std::string> numbers;
	for (int i = 0; i < 200; i++)
		numbers[i * 37 % 200] = std::to_string(i);
	for (int i = 0; i < 100; i++)
		numbers.erase(i);
}

int main()
{
	texts();
	alignings();
	nothrows();
	std::exception_ptr kept = thrown_again();
	tree();
	auto numbers = std::make_unique<int[]>(1000);
	std::thread other([&numbers, &kept] {
		numbers.reset();
		kept = nullptr;
	});
	other.join();
	return 0;
}
