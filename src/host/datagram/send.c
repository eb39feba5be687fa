/* sendmmsg of what a turn has collected, through the socket or as frames (link.c). What the send buffer does not take waits in the port's ring. */
#include "datagram.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#ifndef SOL_UDP
#define SOL_UDP 17
#endif
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

/* Of one message that the kernel cuts: UDP_MAX_SEGMENTS of kernels before 6.9, and the length field of IPv4. */
static const uint32_t segments_most = 64;
static const uint32_t payload_most = 65507;

void send_prepare(Instance *instance) {
  Messages *out = &instance->out;
  memset(out, 0, sizeof *out);
  for (int i = 0; i < BATCH; i++) {
    out->addresses[i].ipv4.sin_family = AF_INET;
    out->headers[i].msg_hdr.msg_iov = &out->vectors[i];
    out->headers[i].msg_hdr.msg_iovlen = 1;
  }
  Frames *direct = &instance->direct;
  memset(direct, 0, sizeof *direct);
  for (int i = 0; i < BATCH; i++) {
    direct->vectors[i][0].iov_base = &direct->frames[i];
    direct->vectors[i][0].iov_len = sizeof direct->frames[i];
    direct->headers[i].msg_hdr.msg_iov = direct->vectors[i];
    direct->headers[i].msg_hdr.msg_iovlen = 2;
  }
}

static Item *item_at(const Port *port, uint32_t index) {
  return &port->waiting[(port->first + index) & (port->capacity - 1)];
}

static bool grow(Port *port) {
  uint32_t capacity = port->capacity == 0 ? 64 : port->capacity * 2;
  Item *grown = malloc(capacity * sizeof *grown);
  if (grown == NULL) return false;
  for (uint32_t i = 0; i < port->count; i++) grown[i] = *item_at(port, i);
  free(port->waiting);
  port->waiting = grown;
  port->capacity = capacity;
  port->first = 0;
  return true;
}

int send_add(Port *port, const Item *item) {
  if (port->count >= WAITING_MOST) return ENOBUFS;
  if (port->count == port->capacity && !grow(port)) return ENOMEM;
  *item_at(port, port->count++) = *item;
  item->memory->holders++;
  return 0;
}

static void drop_first(Port *port) {
  memory_drop(item_at(port, 0)->memory);
  port->first = (port->first + 1) & (port->capacity - 1);
  port->count--;
}

void send_forget(Port *port) {
  while (port->count > 0) drop_first(port);
  free(port->waiting);
  port->waiting = NULL;
  port->capacity = 0;
}

static bool is_cut_by_kernel(const Port *port, const Item *item) {
  return item->segment > 0 && port->segments && !item->cut_by_us;
}

/* How much of the rest of an item one message takes. */
static uint32_t message_length(const Port *port, const Item *item, uint32_t rest) {
  if (item->segment == 0) return rest;
  uint32_t segments = 1;
  if (is_cut_by_kernel(port, item) && item->segment <= payload_most) {
    segments = payload_most / item->segment;
    if (segments > segments_most) segments = segments_most;
  }
  uint32_t most = segments * item->segment;
  return rest < most ? rest : most;
}

static struct cmsghdr *add_control(struct msghdr *header, Control *control, int level, int type, size_t length) {
  struct cmsghdr *added = (struct cmsghdr *)(void *)(control->bytes + header->msg_controllen);
  added->cmsg_level = level;
  added->cmsg_type = type;
  added->cmsg_len = CMSG_LEN(length);
  header->msg_control = control->bytes;
  header->msg_controllen += CMSG_SPACE(length);
  return added;
}

static void write_control(const Port *port, const Item *item, uint32_t length, struct msghdr *header, Control *control) {
  header->msg_control = NULL;
  header->msg_controllen = 0;
  if (port->source != 0) {
    struct in_pktinfo info = {.ipi_spec_dst.s_addr = port->source};
    memcpy(CMSG_DATA(add_control(header, control, IPPROTO_IP, IP_PKTINFO, sizeof info)), &info, sizeof info);
  }
  if (length > item->segment && is_cut_by_kernel(port, item)) {
    struct cmsghdr *added = add_control(header, control, SOL_UDP, UDP_SEGMENT, sizeof item->segment);
    memcpy(CMSG_DATA(added), &item->segment, sizeof item->segment);
  }
}

static void write_message(Port *port, const Item *item, uint32_t offset, uint32_t length, int index) {
  Messages *out = &port->instance->out;
  struct msghdr *header = &out->headers[index].msg_hdr;
  out->vectors[index].iov_base = item->memory->bytes + item->start + offset;
  out->vectors[index].iov_len = length;
  /* A packet socket is bound to its device, and the frame says the rest. */
  header->msg_name = port->is_packet ? NULL : &out->addresses[index];
  header->msg_namelen = port->is_packet ? 0 : sizeof(struct sockaddr_in);
  out->addresses[index].ipv4.sin_addr.s_addr = htonl(item->address);
  out->addresses[index].ipv4.sin_port = htons(item->port);
  write_control(port, item, length, header, &out->controls[index]);
}

/* @returns how many messages the head of the ring has become */
static unsigned write_messages(Port *port) {
  unsigned messages = 0;
  for (uint32_t i = 0; i < port->count && messages < BATCH; i++) {
    const Item *item = item_at(port, i);
    if (item->direct) return messages;
    uint32_t offset = 0;
    do {
      uint32_t length = message_length(port, item, item->length - offset);
      write_message(port, item, offset, length, (int)messages++);
      offset += length;
    } while (offset < item->length && messages < BATCH);
  }
  return messages;
}

/* `messages` at the head of the ring are done with. */
static void advance(Port *port, int messages) {
  for (int i = 0; i < messages; i++) {
    Item *item = item_at(port, 0);
    uint32_t length = (uint32_t)port->instance->out.vectors[i].iov_len;
    item->start += length;
    item->length -= length;
    if (item->length == 0) drop_first(port);
  }
}

/*
 * Would it leave if we cut it? EIO: the route cannot compute checksums behind the cut (IPsec, old cards), which stays so.
 * EINVAL, and EMSGSIZE since 6.14: a segment is longer than the MTU, and must become fragments.
 */
static bool cut_first(Port *port, int error) {
  Item *item = item_at(port, 0);
  if (!is_cut_by_kernel(port, item) || item->length <= item->segment) return false;
  if (error != EIO && error != EINVAL && error != EMSGSIZE && error != EOPNOTSUPP) return false;
  if (error == EIO) port->segments = false;
  item->cut_by_us = true;
  return true;
}

/* @returns how many frames the head of the ring has become */
static unsigned write_frames(Port *port) {
  Frames *out = &port->instance->direct;
  unsigned frames = 0;
  while (frames < port->count && frames < BATCH) {
    const Item *item = item_at(port, frames);
    if (!item->direct || !link_write(port, item, &out->frames[frames])) break;
    out->vectors[frames][1].iov_base = item->memory->bytes + item->start;
    out->vectors[frames][1].iov_len = item->length;
    frames++;
  }
  return frames;
}

/* The datagrams at the head of the ring that may leave as frames. The first that cannot goes through the socket. */
static void send_direct(Port *port) {
  unsigned frames = write_frames(port);
  int sent = frames == 0 ? 0 : link_send(port->link, port->instance->direct.headers, frames);
  if (sent <= 0) item_at(port, 0)->direct = false;
  for (int i = 0; i < sent; i++) drop_first(port);
}

int send_waiting(Port *port) {
  int lost = 0;
  port->is_blocked = false;
  while (port->count > 0 && !port->is_blocked) {
    if (item_at(port, 0)->direct) {
      send_direct(port);
      continue;
    }
    unsigned messages = write_messages(port);
    int sent = sendmmsg(port->fd, port->instance->out.headers, messages, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      advance(port, sent);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      port->is_blocked = true;
    } else if (errno != EINTR && !cut_first(port, errno)) {
      /* It concerns this datagram and its receiver only: those behind it go on. */
      lost = errno;
      advance(port, 1);
    }
  }
  watch(port);
  return lost;
}
