/*
 * lldp-listen CARD SECONDS: waits for what a switch tells of itself (IEEE 802.1AB), and prints one line, "NAME port PORT".
 * busybox has no raw sockets. Without a C library: a few kilobytes. Exits 1 when it heard nothing.
 */
#include "kernel.h"

#define HEARD 100

#if defined(__aarch64__)
static long call(long number, long a, long b, long c, long d, long e)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
	return x0;
}
__asm__(".globl _start\n_start:\n\tmov x0, sp\n\tbl begin\n");
#elif defined(__x86_64__)
static long call(long number, long a, long b, long c, long d, long e)
{
	long result;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	__asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return result;
}
__asm__(".globl _start\n_start:\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall begin\n");
#endif

static char line[2 * HEARD + 16];
static int length;

static void put(char letter)
{
	if (length < (int)sizeof line)
		line[length++] = letter;
}

static void put_text(const unsigned char *text, int size)
{
	for (int at = 0; at < size && at < HEARD; at++)
		if (text[at] >= ' ' && text[at] <= '~')
			put((char)text[at]);
}

static void put_mac(const unsigned char *mac)
{
	static const char digits[] = "0123456789abcdef";
	for (int at = 0; at < 6; at++) {
		if (at > 0)
			put(':');
		put(digits[mac[at] >> 4]);
		put(digits[mac[at] & 15]);
	}
}

/* Subtypes differ: 4 is the MAC of a chassis, 3 that of a port. */
static void put_id(const unsigned char *id, int size, int mac_subtype)
{
	if (id[0] == mac_subtype && size == 7)
		put_mac(id + 1);
	else
		put_text(id + 1, size - 1);
}

/* @returns 1 when it named a port */
static int print_frame(const unsigned char *frame, int size)
{
	const unsigned char *chassis = 0, *port = 0, *name = 0;
	int chassis_size = 0, port_size = 0, name_size = 0;
	for (int at = ETH_HLEN; at + 2 <= size;) {
		int type = frame[at] >> 1;
		int value_size = (frame[at] & 1) << 8 | frame[at + 1];
		const unsigned char *value = frame + at + 2;
		at += 2 + value_size;
		if (type == 0 || at > size)
			break;
		if (type == 1 && value_size >= 2)
			chassis = value, chassis_size = value_size;
		if (type == 2 && value_size >= 2)
			port = value, port_size = value_size;
		if (type == 5 && value_size >= 1)
			name = value, name_size = value_size;
	}
	if (port == 0 || chassis == 0)
		return 0;
	if (name != 0)
		put_text(name, name_size);
	else
		put_id(chassis, chassis_size, 4);
	put_text((const unsigned char *)" port ", 6);
	put_id(port, port_size, 3);
	put('\n');
	call(SYS_write, 1, (long)line, length, 0, 0);
	return 1;
}

static int number(const char *text)
{
	int value = 0;
	for (; *text >= '0' && *text <= '9' && value < 100000; text++)
		value = value * 10 + (*text - '0');
	return value;
}

static unsigned short swapped(int value)
{
	return (unsigned short)((value & 255) << 8 | value >> 8);
}

static int open_card(const char *card)
{
	struct ifreq request = { 0 };
	struct packet_mreq group = { .mr_type = PACKET_MR_MULTICAST, .mr_alen = ETH_ALEN,
				     .mr_address = { 0x01, 0x80, 0xc2, 0, 0, 0x0e } };
	struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_protocol = swapped(ETH_P_LLDP) };
	long socket = call(SYS_socket, AF_PACKET, SOCK_RAW, swapped(ETH_P_LLDP), 0, 0);
	for (int at = 0; at < IFNAMSIZ - 1 && card[at] != 0; at++)
		request.ifr_name[at] = card[at];
	if (socket < 0 || call(SYS_ioctl, socket, SIOCGIFINDEX, (long)&request, 0, 0) < 0)
		return -1;
	address.sll_ifindex = group.mr_ifindex = request.ifr_ifindex;
	if (call(SYS_bind, socket, (long)&address, sizeof address, 0, 0) < 0)
		return -1;
	/* A card that cannot be told which group to let through may let all of them through. */
	call(SYS_setsockopt, socket, SOL_PACKET, PACKET_ADD_MEMBERSHIP, (long)&group, sizeof group);
	return (int)socket;
}

static int listen_on(const char *card, int seconds)
{
	static unsigned char frame[2048];
	struct timespec end, now, left;
	int socket = open_card(card);
	if (socket < 0)
		return 2;
	call(SYS_clock_gettime, CLOCK_MONOTONIC, (long)&end, 0, 0, 0);
	end.tv_sec += seconds;
	for (;;) {
		struct pollfd wait = { .fd = socket, .events = POLLIN };
		call(SYS_clock_gettime, CLOCK_MONOTONIC, (long)&now, 0, 0, 0);
		left.tv_sec = end.tv_sec - now.tv_sec;
		left.tv_nsec = 0;
		if (left.tv_sec <= 0 || call(SYS_ppoll, (long)&wait, 1, (long)&left, 0, 0) <= 0)
			return 1;
		long size = call(SYS_read, socket, (long)frame, sizeof frame, 0, 0);
		if (size <= 0)
			return 1;
		if (print_frame(frame, (int)size))
			return 0;
	}
}

/* The compiler may call these, with a library or without. */
void *memset(void *to, int value, unsigned long size)
{
	for (volatile unsigned char *at = to; size > 0; size--)
		*at++ = (unsigned char)value;
	return to;
}

void *memcpy(void *to, const void *from, unsigned long size)
{
	volatile unsigned char *at = to;
	for (const unsigned char *byte = from; size > 0; size--)
		*at++ = *byte++;
	return to;
}

void begin(long *stack)
{
	char **arguments = (char **)(stack + 1);
	int status = stack[0] == 3 ? listen_on(arguments[1], number(arguments[2])) : 2;
	call(SYS_exit_group, status, 0, 0, 0, 0);
	__builtin_unreachable();
}
