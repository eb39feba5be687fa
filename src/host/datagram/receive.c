/* recvmmsg into the slab of the instance, and one call of JavaScript per batch. */
#include "datagram.h"

#include <errno.h>
#include <string.h>
#include <time.h>

/* Batches of one port before others get their turn. */
static const int batches_in_turn = 4;

static void reset(Messages *in, int count) {
  for (int i = 0; i < count; i++) {
    struct msghdr *header = &in->headers[i].msg_hdr;
    header->msg_namelen = sizeof in->addresses[i];
    header->msg_controllen = sizeof in->controls[i];
    header->msg_flags = 0;
  }
}

void receive_prepare(Instance *instance) {
  Messages *in = &instance->in;
  memset(in, 0, sizeof *in);
  for (int i = 0; i < BATCH; i++) {
    in->vectors[i].iov_base = instance->slab->bytes + (size_t)i * SLOT_BYTES;
    in->vectors[i].iov_len = SLOT_BYTES;
    struct msghdr *header = &in->headers[i].msg_hdr;
    header->msg_iov = &in->vectors[i];
    header->msg_iovlen = 1;
    header->msg_name = &in->addresses[i];
    header->msg_control = &in->controls[i];
  }
  reset(in, BATCH);
}

/* Where it was sent to and how it came in; only where IP_PKTINFO was asked for. */
static void write_arrival(uint32_t *words, struct msghdr *header) {
  words[IN_DESTINATION] = 0;
  words[IN_INTERFACE] = 0;
  for (struct cmsghdr *each = CMSG_FIRSTHDR(header); each != NULL; each = CMSG_NXTHDR(header, each)) {
    if (each->cmsg_level != IPPROTO_IP || each->cmsg_type != IP_PKTINFO) continue;
    struct in_pktinfo info;
    memcpy(&info, CMSG_DATA(each), sizeof info);
    words[IN_DESTINATION] = ntohl(info.ipi_addr.s_addr);
    words[IN_INTERFACE] = (uint32_t)info.ipi_ifindex;
  }
}

static bool is_wanted(const Port *port, const struct mmsghdr *message, const Address *from) {
  if ((message->msg_hdr.msg_flags & MSG_TRUNC) != 0) return false;
  return !port->is_packet || from->link.sll_pkttype != PACKET_OUTGOING;
}

/* @returns how many JavaScript is to see */
static int describe(Port *port, int received) {
  Instance *instance = port->instance;
  Messages *in = &instance->in;
  uint32_t *words = (uint32_t *)(void *)instance->arrivals->bytes;
  int wanted = 0;
  for (int i = 0; i < received; i++) {
    if (!is_wanted(port, &in->headers[i], &in->addresses[i])) continue;
    words[IN_START] = (uint32_t)i * SLOT_BYTES;
    words[IN_LENGTH] = in->headers[i].msg_len;
    words[IN_ADDRESS] = port->is_packet ? 0 : ntohl(in->addresses[i].ipv4.sin_addr.s_addr);
    words[IN_UDP_PORT] = port->is_packet ? 0 : ntohs(in->addresses[i].ipv4.sin_port);
    write_arrival(words, &in->headers[i].msg_hdr);
    words += IN_WORDS;
    wanted++;
  }
  reset(in, received);
  return wanted;
}

/* Sleeping costs less than to wake up for each of a hundred thousand datagrams, and the loop has nothing else to do. */
static void let_gather(Port *port) {
  if (port->gather_ns == 0) return;
  uint64_t since = uv_hrtime() - port->looked_ns;
  if (since < port->gather_ns) {
    struct timespec rest = {.tv_nsec = (long)(port->gather_ns - since)};
    nanosleep(&rest, NULL);
  }
  port->looked_ns = uv_hrtime();
}

void receive_batches(Port *port) {
  let_gather(port);
  for (int batch = 0; batch < batches_in_turn && !port->is_closing; batch++) {
    int received = recvmmsg(port->fd, port->instance->in.headers, BATCH, MSG_DONTWAIT, NULL);
    if (received < 0) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) return;
      /* What the network said about one datagram (ECONNREFUSED), or a link that went down: read once, it is gone. */
      continue;
    }
    int wanted = describe(port, received);
    if (wanted > 0) call_received(port, wanted);
    if (received < BATCH) return;
  }
}

static void throw_in_process(napi_env env) {
  bool is_pending = false;
  napi_value error;
  if (napi_is_exception_pending(env, &is_pending) != napi_ok || !is_pending) return;
  /* 'uncaughtException', as where any other callback of Node throws. */
  if (napi_get_and_clear_last_exception(env, &error) == napi_ok) napi_fatal_exception(env, error);
}

void call_received(Port *port, int32_t count) {
  napi_env env = port->instance->env;
  napi_handle_scope scope;
  napi_value callback, receiver, argument;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  if (napi_get_reference_value(env, port->received, &callback) == napi_ok &&
      napi_get_global(env, &receiver) == napi_ok && napi_create_int32(env, count, &argument) == napi_ok) {
    /* A worker that is being terminated runs no JavaScript: then nothing is pending. */
    if (napi_make_callback(env, NULL, receiver, callback, 1, &argument, NULL) != napi_ok) throw_in_process(env);
  }
  napi_close_handle_scope(env, scope);
}
