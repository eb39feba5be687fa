/*
 * What lldp-listen says to the kernel, which never changes: numbers of arch/arm64 and arch/x86, and of the headers that
 * are named. Written out, so that a bare compiler is enough: a cross compiler comes without the kernel's headers.
 */
#if defined(__aarch64__)
enum { SYS_ioctl = 29, SYS_read = 63, SYS_write = 64, SYS_ppoll = 73, SYS_exit_group = 94, SYS_clock_gettime = 113,
       SYS_socket = 198, SYS_bind = 200, SYS_setsockopt = 208 };
#elif defined(__x86_64__)
enum { SYS_read = 0, SYS_write = 1, SYS_ioctl = 16, SYS_socket = 41, SYS_bind = 49, SYS_setsockopt = 54,
       SYS_clock_gettime = 228, SYS_exit_group = 231, SYS_ppoll = 271 };
#endif

/* linux/socket.h, linux/time.h */
enum { AF_PACKET = 17, SOCK_RAW = 3, SOL_PACKET = 263, CLOCK_MONOTONIC = 1 };

/* linux/if_ether.h */
enum { ETH_ALEN = 6, ETH_HLEN = 14, ETH_P_LLDP = 0x88cc };

/* linux/if_packet.h */
enum { PACKET_MR_MULTICAST = 0, PACKET_ADD_MEMBERSHIP = 1 };
struct sockaddr_ll {
	unsigned short sll_family, sll_protocol;
	int sll_ifindex;
	unsigned short sll_hatype;
	unsigned char sll_pkttype, sll_halen, sll_addr[8];
};
struct packet_mreq {
	int mr_ifindex;
	unsigned short mr_type, mr_alen;
	unsigned char mr_address[8];
};

/* linux/if.h, linux/sockios.h: of the union of a request only the number of a card is asked for. */
enum { IFNAMSIZ = 16, SIOCGIFINDEX = 0x8933 };
struct ifreq {
	char ifr_name[IFNAMSIZ];
	int ifr_ifindex;
	char others[20];
};

/* linux/poll.h, linux/time_types.h */
enum { POLLIN = 1 };
struct pollfd {
	int fd;
	short events, revents;
};
struct timespec {
	long long tv_sec, tv_nsec;
};
