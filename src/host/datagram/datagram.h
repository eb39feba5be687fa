/*
 * Datagrams in batches for Node: what the parts of the addon share.
 *
 *   addon.c    what JavaScript calls
 *   instance.c how ports and instances begin and end
 *   link.c     datagrams as whole frames, to neighbours that were heard
 *   memory.c   memory that JavaScript and the kernel both see
 *   open.c     sockets and their options
 *   receive.c  recvmmsg, and one call of JavaScript per batch
 *   send.c     sendmmsg at the end of a turn, segments, and what waits for a full send buffer
 *
 * Nothing is global: each begin() makes an Instance, which belongs to its environment (the main thread, a worker), and
 * all of its ports are closed when that ends. JavaScript names ports and memory by small numbers, which are looked up and checked here.
 */
#ifndef PI_IMAGE_DATAGRAM_H
#define PI_IMAGE_DATAGRAM_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#define NAPI_VERSION 8

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <node_api.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <uv.h>

/* Changes when native.ts must change with it: a library of another version is not used. */
#define INTERFACE_VERSION 3

/* Datagrams per system call. */
#define BATCH 128
/* A datagram or frame that comes in; longer ones are dropped. limits.ts says so too. */
#define SLOT_BYTES 2048
/* Datagrams of one turn; JavaScript flushes when they are reached. */
#define OUTBOX_ITEMS 1024
/* Datagrams of one port that wait for its send buffer; more are lost, as on a wire. */
#define WAITING_MOST 4096

/* One datagram in the outbox, as native.ts writes it. */
enum outbox_word {
  OUT_PORT,
  OUT_MEMORY,
  OUT_START,
  OUT_LENGTH,
  OUT_SEGMENT,
  OUT_ADDRESS,
  OUT_UDP_PORT,
  OUT_DIRECT,
  OUT_WORDS
};
/* One datagram that came in, as native.ts reads it. */
enum arrival_word { IN_START, IN_LENGTH, IN_ADDRESS, IN_UDP_PORT, IN_DESTINATION, IN_INTERFACE, IN_WORDS };
/* What a port is opened with; a packet port has none of them. */
enum port_flag { PORT_ARRIVAL = 1, PORT_BROADCAST = 2 };

/* What JavaScript names by small numbers. */
typedef struct Table {
  void **entries;
  uint32_t slots;
} Table;

/* Lives as long as JavaScript sees it, it is held, or a datagram in it waits. */
typedef struct Memory {
  uint8_t *bytes;
  uint32_t length;
  uint32_t holders;
} Memory;

/* A datagram that is to be sent; with a segment, several. */
typedef struct Item {
  Memory *memory;
  uint32_t start;
  uint32_t length;
  uint32_t address;
  uint16_t port;
  uint16_t segment;
  /* The kernel would not cut it. */
  bool cut_by_us;
  /* Its receiver was heard: it may leave as a frame. */
  bool direct;
} Item;

typedef struct Instance Instance;
typedef struct Link Link;

typedef struct Port {
  uv_poll_t poll;
  Instance *instance;
  napi_ref received;
  uint32_t id;
  int fd;
  bool is_packet;
  bool is_closing;
  /* The kernel cuts (UDP_SEGMENT). */
  bool segments;
  /* The send buffer is full; poll tells when it is not. */
  bool is_blocked;
  /* What poll watches for. */
  int events;
  /* Address that datagrams leave with (IP_PKTINFO), in network order; 0: as the socket is bound. */
  uint32_t source;
  /* NULL: all leaves through the socket. */
  Link *link;
  /* Shortest time between two looks at what came in, and the last look (uv_hrtime). 0: no shortest. */
  uint64_t gather_ns;
  uint64_t looked_ns;
  /* A ring; its capacity is a power of two. */
  Item *waiting;
  uint32_t first;
  uint32_t count;
  uint32_t capacity;
} Port;

typedef union Address {
  struct sockaddr_in ipv4;
  struct sockaddr_ll link;
} Address;

/* Aligned as cmsghdr wants it. */
typedef union Control {
  struct cmsghdr header;
  uint8_t bytes[CMSG_SPACE(sizeof(struct in_pktinfo)) + CMSG_SPACE(sizeof(uint16_t))];
} Control;

/* All that stands before the bytes of a datagram, as a packet socket with PACKET_VNET_HDR takes it. */
typedef struct __attribute__((packed)) Frame {
  struct virtio_net_hdr offload;
  struct ethhdr ethernet;
  struct iphdr ip;
  struct udphdr udp;
} Frame;

/* What one system call takes, prepared once: only what differs is written for each datagram. */
typedef struct Messages {
  struct mmsghdr headers[BATCH];
  struct iovec vectors[BATCH];
  Address addresses[BATCH];
  Control controls[BATCH];
} Messages;

typedef struct Frames {
  struct mmsghdr headers[BATCH];
  struct iovec vectors[BATCH][2];
  Frame frames[BATCH];
} Frames;

struct Instance {
  napi_env env;
  uv_loop_t *loop;
  napi_async_cleanup_hook_handle cleanup;
  bool is_ending;
  /* Ports whose handle libuv still knows. */
  uint32_t handles;
  Table ports;
  Table memories;
  Memory *slab;
  Memory *arrivals;
  Memory *outbox;
  Messages in;
  Messages out;
  Frames direct;
};

/* memory.c */
Memory *memory_new(uint32_t length);
void memory_drop(Memory *memory);
/* An ArrayBuffer over it, which holds it. NULL: an exception is pending. */
napi_value memory_expose(napi_env env, Memory *memory);
/* A free number; the table grows by doubling. -1: no memory left. */
int64_t table_free_slot(Table *table);
/* NULL: there is nothing of that number. */
void *table_find(const Table *table, uint32_t slot);

/* open.c: a file descriptor, or -errno. */
typedef struct PortWish {
  uint32_t address;
  uint16_t port;
  const char *device;
  uint32_t receive_bytes;
  uint32_t flags;
} PortWish;
int open_udp(const PortWish *wish);
int adopt_udp(int fd, const PortWish *wish);
int open_packet(const char *device, uint16_t protocol, uint32_t receive_bytes);
bool has_segments(int fd);

/* link.c */
/* 0, or -errno: then the port is as before. */
int link_open(Port *port, const char *device);
void link_close(Link *link);
/* False: this one leaves through the socket. */
bool link_write(Port *port, const Item *item, Frame *frame);
/* As sendmmsg. */
int link_send(const Link *link, struct mmsghdr *headers, unsigned messages);

/* receive.c */
void receive_prepare(Instance *instance);
void receive_batches(Port *port);
/* Tells JavaScript: how many datagrams lie in the slab, or -errno when the port is of no use any more. */
void call_received(Port *port, int32_t count);

/* send.c: 0, or the errno of a datagram that was lost. */
void send_prepare(Instance *instance);
int send_add(Port *port, const Item *item);
int send_waiting(Port *port);
void send_forget(Port *port);

/* instance.c */
/* NULL: no memory; what there is of it ends with the environment. */
Instance *begin(napi_env env);
/* A port's number, or -errno: the file descriptor is closed then. @param wish NULL: a packet socket */
int64_t add_port(Instance *instance, int fd, napi_value received, const PortWish *wish);
void close_port(Port *port);
/* Polls for what the port waits for. */
void watch(Port *port);

#endif
