/* Sockets and their options. Everything here returns a file descriptor or -errno, and leaves nothing open that failed. */
#include "datagram.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#ifndef SOL_UDP
#define SOL_UDP 17
#endif
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

/* The qdisc and the card queue behind it; this is only what one turn may hand over. */
static const int send_bytes = 1 << 20;

static int failed(int fd) {
  int error = errno;
  close(fd);
  return -error;
}

static int set(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value);
}

/* FORCE needs CAP_NET_ADMIN and knows no limit; without it net.core.rmem_max cuts, and that is no error. */
static void set_buffers(int fd, uint32_t receive_bytes) {
  int bytes = receive_bytes > INT32_MAX / 2 ? INT32_MAX / 2 : (int)receive_bytes;
  if (bytes > 0 && set(fd, SOL_SOCKET, SO_RCVBUFFORCE, bytes) < 0) set(fd, SOL_SOCKET, SO_RCVBUF, bytes);
  if (set(fd, SOL_SOCKET, SO_SNDBUFFORCE, send_bytes) < 0) set(fd, SOL_SOCKET, SO_SNDBUF, send_bytes);
}

static int set_udp_options(int fd, const PortWish *wish) {
  set_buffers(fd, wish->receive_bytes);
  /*
   * Fragment where a datagram is longer than the interface's MTU, and believe no "fragmentation needed": anybody can
   * forge that, and a Pi's boot loader puts no fragments together.
   */
  set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
  /* A socket of somebody else's making may queue errors, which nobody here would read. */
  set(fd, IPPROTO_IP, IP_RECVERR, 0);
  if ((wish->flags & PORT_ARRIVAL) != 0 && set(fd, IPPROTO_IP, IP_PKTINFO, 1) < 0) return -1;
  if ((wish->flags & PORT_BROADCAST) != 0 && set(fd, SOL_SOCKET, SO_BROADCAST, 1) < 0) return -1;
  return 0;
}

/* An interface that is not there is ENODEV here, and would be a socket that hears nothing later. */
static int bind_to_device(int fd, const char *device) {
  if (device[0] == '\0') return 0;
  return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, (socklen_t)strlen(device));
}

int open_udp(const PortWish *wish) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  struct sockaddr_in local = {.sin_family = AF_INET, .sin_port = htons(wish->port)};
  local.sin_addr.s_addr = htonl(wish->address);
  if (bind_to_device(fd, wish->device) < 0 || set_udp_options(fd, wish) < 0) return failed(fd);
  if (bind(fd, (struct sockaddr *)&local, sizeof local) < 0) return failed(fd);
  return fd;
}

static int option_of(int fd, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  return getsockopt(fd, SOL_SOCKET, name, &value, &length) < 0 ? -errno : value;
}

/* From systemd: it is bound already, and may have any flags. What is no UDP socket is left as it is. */
int adopt_udp(int fd, const PortWish *wish) {
  int domain = option_of(fd, SO_DOMAIN);
  if (domain < 0) return domain;
  if (domain != AF_INET || option_of(fd, SO_PROTOCOL) != IPPROTO_UDP) return -EPROTOTYPE;
  int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) return -errno;
  return set_udp_options(fd, wish) < 0 ? -errno : fd;
}

int open_packet(const char *device, uint16_t protocol, uint32_t receive_bytes) {
  unsigned index = if_nametoindex(device);
  if (index == 0) return -errno;
  /* Without a protocol until it is bound: else it would hear every interface in between. */
  int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  set_buffers(fd, receive_bytes);
  /* Since Linux 4.20; before, receive.c drops what this machine sent. */
  set(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
  struct sockaddr_ll local = {.sll_family = AF_PACKET, .sll_protocol = htons(protocol), .sll_ifindex = (int)index};
  if (bind(fd, (struct sockaddr *)&local, sizeof local) < 0) return failed(fd);
  return fd;
}

/* A kernel before 4.18 would take no notice of the wish and send one long datagram in fragments. */
bool has_segments(int fd) {
  int value = 0;
  socklen_t length = sizeof value;
  return getsockopt(fd, SOL_UDP, UDP_SEGMENT, &value, &length) == 0;
}
