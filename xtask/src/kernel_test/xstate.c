/*
 * For User Mode Linux on processors that have more state than it knows of.
 *
 * It saves and restores its processes' registers by ptrace, with room for AVX-512 and no more. Where the processor has
 * more (AMX: 8 KiB of tiles), the host's kernel refuses to restore, since it takes the state as a whole only, and the guest
 * dies with its first process: "ptrace set fp regs failed, errno = 14". Preloaded into it, this fills up what it restores to
 * the size that the host wants; what it does not know stays as a new process has it, and no guest can have used it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/uio.h>

/* The layout of XSAVE's area (Intel SDM, volume 1, chapter 13): which components it holds stands at byte 512. */
enum { COMPONENTS = 512 };
/* x87, SSE, AVX, the three of AVX-512 and PKRU, which is the last of what User Mode Linux saves, and where it ends. */
static const uint64_t KNOWN = 0x2e7;
enum { KNOWN_END = 2696 };

typedef long (*ptrace_function)(enum __ptrace_request, pid_t, void *, void *);

static ptrace_function next;
/* Its stacks are small, and it has one thread that does this. */
static char area[32768] __attribute__((aligned(64)));

__attribute__((constructor)) static void find_next(void)
{
	next = (ptrace_function)dlsym(RTLD_NEXT, "ptrace");
}

/* How much the host wants, which is what it has. */
static size_t whole(pid_t pid)
{
	struct iovec all = { area, sizeof(area) };

	return next(PTRACE_GETREGSET, pid, (void *)NT_X86_XSTATE, &all) ? 0 : all.iov_len;
}

static long fill_up(pid_t pid, const struct iovec *part)
{
	size_t size = whole(pid);
	struct iovec all = { area, size };
	uint64_t components;

	if (size <= part->iov_len || part->iov_len < KNOWN_END) {
		errno = EFAULT;
		return -1;
	}
	memset(area, 0, size);
	memcpy(area, part->iov_base, part->iov_len);
	memcpy(&components, area + COMPONENTS, sizeof(components));
	components &= KNOWN;
	memcpy(area + COMPONENTS, &components, sizeof(components));
	return next(PTRACE_SETREGSET, pid, (void *)NT_X86_XSTATE, &all);
}

long ptrace(enum __ptrace_request request, ...)
{
	va_list arguments;
	pid_t pid;
	void *address, *data;
	long result;

	va_start(arguments, request);
	pid = va_arg(arguments, pid_t);
	address = va_arg(arguments, void *);
	data = va_arg(arguments, void *);
	va_end(arguments);
	result = next(request, pid, address, data);
	if (result == -1 && errno == EFAULT && request == PTRACE_SETREGSET && address == (void *)NT_X86_XSTATE)
		result = fill_up(pid, data);
	return result;
}
