/* For the benchmark: becomes another program when it is told to: stamp SOCKET COMMAND [ARG...].
 *
 * It connects to SOCKET, waits for a byte, answers with the time, and is COMMAND then, in the same
 * process. The socket stays open: its end is the end of the process. So the time is that of the
 * program alone, whatever was started around it, and a profiler can be attached in peace before.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_un where = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct timespec now;
	long long ns;
	char go;

	if (argc < 3 || strlen(argv[1]) >= sizeof(where.sun_path))
		return 2;
	strcpy(where.sun_path, argv[1]);
	if (connect(fd, (struct sockaddr *)&where, sizeof(where)) || read(fd, &go, 1) != 1) {
		perror("stamp");
		return 1;
	}
	clock_gettime(CLOCK_MONOTONIC, &now);
	ns = now.tv_sec * 1000000000LL + now.tv_nsec;
	if (write(fd, &ns, sizeof(ns)) != sizeof(ns))
		return 1;
	execvp(argv[2], argv + 2);
	perror(argv[2]);
	return 127;
}
