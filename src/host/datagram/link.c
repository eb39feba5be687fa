/*
 * Datagrams as whole frames, straight onto an Ethernet. A datagram through a UDP socket is routed, filtered and given its
 * headers each time, for a third of what it costs; to somebody who has just been heard, all of that is known.
 *
 * Who is where is asked of the kernel's neighbour table, so that only machines on this very link are sent frames. What
 * cannot leave this way leaves through the UDP socket: nothing here is an error.
 */
#include "datagram.h"

#include <errno.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/ip.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* A power of two. Two boards that share a place take it from each other, and each is asked for again. */
#define NEIGHBOURS 2048

/* Longer than a board needs for one file; a board that was changed meanwhile gets what is sent again through the socket. */
static const uint64_t trusted_ms = 5000;

typedef struct Neighbour {
  uint32_t address;
  bool is_known;
  uint8_t mac[ETH_ALEN];
  uint64_t asked_ms;
} Neighbour;

struct Link {
  int fd;
  char device[IFNAMSIZ];
  uint32_t longest;
  /* What all frames begin with. */
  Frame frame;
  Neighbour neighbours[NEIGHBOURS];
};

static uint32_t sum_of(const void *bytes, size_t length) {
  const uint8_t *at = bytes;
  uint32_t sum = 0;
  for (size_t i = 0; i + 1 < length; i += 2) sum += (uint32_t)at[i] << 8 | at[i + 1];
  return sum;
}

/* RFC 1071, not complemented. */
static uint16_t fold(uint32_t sum) {
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)sum;
}

/* Nobody but an Ethernet has addresses that a frame could be sent to. */
static int ask_device(Link *link, int fd) {
  struct ifreq wish = {0};
  memcpy(wish.ifr_name, link->device, IFNAMSIZ);
  if (ioctl(fd, SIOCGIFHWADDR, &wish) < 0) return -errno;
  if (wish.ifr_hwaddr.sa_family != ARPHRD_ETHER) return -EAFNOSUPPORT;
  memcpy(link->frame.ethernet.h_source, wish.ifr_hwaddr.sa_data, ETH_ALEN);
  if (ioctl(fd, SIOCGIFMTU, &wish) < 0) return -errno;
  /* No Ethernet has less than 68 bytes (RFC 791). */
  link->longest = (uint32_t)((size_t)wish.ifr_mtu - sizeof link->frame.ip - sizeof link->frame.udp);
  return 0;
}

static int open_socket(const char *device) {
  int fd = open_packet(device, 0, 0);
  int yes = 1;
  if (fd < 0) return fd;
  /* The card computes the checksum of UDP, or the kernel does. */
  if (setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &yes, sizeof yes) == 0) return fd;
  int error = errno;
  close(fd);
  return -error;
}

static void prepare(Frame *frame, uint32_t source, uint16_t port) {
  frame->offload.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
  frame->offload.csum_start = sizeof frame->ethernet + sizeof frame->ip;
  frame->offload.csum_offset = offsetof(struct udphdr, check);
  frame->ethernet.h_proto = htons(ETH_P_IP);
  frame->ip.version = 4;
  frame->ip.ihl = sizeof frame->ip / 4;
  /* Not cut, hence no identification (RFC 6864 section 4.1). */
  frame->ip.frag_off = htons(IP_DF);
  frame->ip.ttl = IPDEFTTL;
  frame->ip.protocol = IPPROTO_UDP;
  frame->ip.saddr = source;
  frame->udp.source = port;
}

int link_open(Port *port, const char *device) {
  struct sockaddr_in local;
  socklen_t length = sizeof local;
  if (getsockname(port->fd, (struct sockaddr *)&local, &length) < 0) return -errno;
  uint32_t source = local.sin_addr.s_addr != 0 ? local.sin_addr.s_addr : port->source;
  if (source == 0) return -EADDRNOTAVAIL;
  Link *link = calloc(1, sizeof *link);
  if (link == NULL) return -ENOMEM;
  strncpy(link->device, device, IFNAMSIZ - 1);
  int error = ask_device(link, port->fd);
  link->fd = error < 0 ? error : open_socket(device);
  if (link->fd < 0) {
    error = link->fd;
    free(link);
    return error;
  }
  prepare(&link->frame, source, local.sin_port);
  link_close(port->link);
  port->link = link;
  return 0;
}

void link_close(Link *link) {
  if (link == NULL) return;
  close(link->fd);
  free(link);
}

/* What the kernel has not found out, or is not sure of any more, is not known. */
static void ask_kernel(const Link *link, int fd, Neighbour *neighbour) {
  struct arpreq wish = {0};
  struct sockaddr_in *address = (struct sockaddr_in *)(void *)&wish.arp_pa;
  address->sin_family = AF_INET;
  address->sin_addr.s_addr = htonl(neighbour->address);
  memcpy(wish.arp_dev, link->device, sizeof wish.arp_dev);
  neighbour->is_known = ioctl(fd, SIOCGARP, &wish) == 0 && (wish.arp_flags & ATF_COM) != 0;
  memcpy(neighbour->mac, wish.arp_ha.sa_data, ETH_ALEN);
}

static const Neighbour *find(Link *link, int fd, uint32_t address, uint64_t now_ms) {
  Neighbour *neighbour = &link->neighbours[address & (NEIGHBOURS - 1)];
  if (neighbour->address != address || now_ms - neighbour->asked_ms > trusted_ms) {
    neighbour->address = address;
    neighbour->asked_ms = now_ms;
    ask_kernel(link, fd, neighbour);
  }
  return neighbour->is_known ? neighbour : NULL;
}

bool link_write(Port *port, const Item *item, Frame *frame) {
  Link *link = port->link;
  if (link == NULL || item->length > link->longest) return false;
  const Neighbour *to = find(link, port->fd, item->address, uv_now(port->instance->loop));
  if (to == NULL) return false;
  uint16_t udp_length = (uint16_t)(sizeof frame->udp + item->length);
  *frame = link->frame;
  memcpy(frame->ethernet.h_dest, to->mac, ETH_ALEN);
  frame->ip.tot_len = htons((uint16_t)(sizeof frame->ip + udp_length));
  frame->ip.daddr = htonl(item->address);
  frame->ip.check = htons((uint16_t)~fold(sum_of(&frame->ip, sizeof frame->ip)));
  frame->udp.dest = htons(item->port);
  frame->udp.len = htons(udp_length);
  /* Of the pseudo header (RFC 768); whoever computes the checksum goes on from there. */
  frame->udp.check = htons(fold(sum_of(&frame->ip.saddr, 8) + IPPROTO_UDP + udp_length));
  return true;
}

int link_send(const Link *link, struct mmsghdr *headers, unsigned messages) {
  return sendmmsg(link->fd, headers, messages, MSG_DONTWAIT | MSG_NOSIGNAL);
}
