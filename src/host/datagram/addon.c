/*
 * What JavaScript calls; native.ts has the same list in TypeScript.
 *
 * Errors of the system are returned as -errno; only a mistake of the caller throws.
 */
#include "datagram.h"

#include <errno.h>
#include <net/if.h>
#include <sys/prctl.h>

#define ARGUMENTS_MOST 7

/* False: an exception is pending. */
static bool read_arguments(napi_env env, napi_callback_info info, size_t wanted, napi_value *values, Instance **out) {
  size_t count = wanted;
  void *data;
  if (napi_get_cb_info(env, info, &count, values, NULL, &data) != napi_ok || count < wanted) {
    napi_throw_type_error(env, NULL, "too few arguments");
    return false;
  }
  *out = data;
  return true;
}

static bool read_numbers(napi_env env, const napi_value *values, size_t count, uint32_t *numbers) {
  for (size_t i = 0; i < count; i++) {
    if (napi_get_value_uint32(env, values[i], &numbers[i]) == napi_ok) continue;
    napi_throw_type_error(env, NULL, "not a number");
    return false;
  }
  return true;
}

/* Too long a name is cut, and is the name of no device then. */
static bool read_device(napi_env env, napi_value value, char *device) {
  size_t length;
  if (napi_get_value_string_utf8(env, value, device, IFNAMSIZ + 1, &length) == napi_ok) return true;
  napi_throw_type_error(env, NULL, "the device is not a string");
  return false;
}

static bool read_callback(napi_env env, napi_value value) {
  napi_valuetype type = napi_undefined;
  if (napi_typeof(env, value, &type) == napi_ok && type == napi_function) return true;
  napi_throw_type_error(env, NULL, "the callback is not a function");
  return false;
}

static napi_value to_number(napi_env env, int64_t number) {
  napi_value value = NULL;
  napi_create_int64(env, number, &value);
  return value;
}

/* openPort(fd, address, port, device, receiveBytes, flags, received): number or -errno. fd -1: open one. */
static napi_value js_open_port(napi_env env, napi_callback_info info) {
  napi_value values[ARGUMENTS_MOST];
  Instance *instance;
  uint32_t local[3], options[2];
  char device[IFNAMSIZ + 1];
  if (!read_arguments(env, info, 7, values, &instance) || !read_numbers(env, values, 3, local) ||
      !read_device(env, values[3], device) || !read_numbers(env, values + 4, 2, options) ||
      !read_callback(env, values[6])) {
    return NULL;
  }
  PortWish wish = {
      .address = local[1], .port = (uint16_t)local[2], .device = device, .receive_bytes = options[0], .flags = options[1]};
  int inherited = (int)local[0];
  int fd = inherited < 0 ? open_udp(&wish) : adopt_udp(inherited, &wish);
  return to_number(env, fd < 0 ? fd : add_port(instance, fd, values[6], &wish));
}

/* openPacket(device, protocol, receiveBytes, received): number or -errno. */
static napi_value js_open_packet(napi_env env, napi_callback_info info) {
  napi_value values[ARGUMENTS_MOST];
  Instance *instance;
  uint32_t numbers[2];
  char device[IFNAMSIZ + 1];
  if (!read_arguments(env, info, 4, values, &instance) || !read_device(env, values[0], device) ||
      !read_numbers(env, values + 1, 2, numbers) || !read_callback(env, values[3])) {
    return NULL;
  }
  int fd = open_packet(device, (uint16_t)numbers[0], numbers[1]);
  return to_number(env, fd < 0 ? fd : add_port(instance, fd, values[3], NULL));
}

/* setSource(port, address): what it sends leaves with this address. */
static napi_value js_set_source(napi_env env, napi_callback_info info) {
  napi_value values[ARGUMENTS_MOST];
  Instance *instance;
  uint32_t numbers[2];
  if (!read_arguments(env, info, 2, values, &instance) || !read_numbers(env, values, 2, numbers)) return NULL;
  Port *port = table_find(&instance->ports, numbers[0]);
  if (port != NULL && !port->is_packet) port->source = htonl(numbers[1]);
  return NULL;
}

/* setLink(port, device): 0, or -errno; what is sent directly may leave by this device as frames. */
static napi_value js_set_link(napi_env env, napi_callback_info info) {
  napi_value values[ARGUMENTS_MOST];
  Instance *instance;
  uint32_t id;
  char device[IFNAMSIZ + 1];
  if (!read_arguments(env, info, 2, values, &instance) || !read_numbers(env, values, 1, &id) ||
      !read_device(env, values[1], device)) {
    return NULL;
  }
  Port *port = table_find(&instance->ports, id);
  return to_number(env, port == NULL || port->is_packet ? -EBADF : link_open(port, device));
}

/* gather(port, microseconds): what comes in is looked at no more often. */
static napi_value js_gather(napi_env env, napi_callback_info info) {
  napi_value values[ARGUMENTS_MOST];
  Instance *instance;
  uint32_t numbers[2];
  if (!read_arguments(env, info, 2, values, &instance) || !read_numbers(env, values, 2, numbers)) return NULL;
  Port *port = table_find(&instance->ports, numbers[0]);
  if (port == NULL) return NULL;
  /* The kernel adds 50 us to each sleep of a thread that has not asked for less. */
  if (numbers[1] > 0) prctl(PR_SET_TIMERSLACK, 1000);
  port->gather_ns = (numbers[1] < 1000 ? numbers[1] : 1000) * UINT64_C(1000);
  return NULL;
}

/* localPort(port): the UDP port that it has, or -errno. */
static napi_value js_local_port(napi_env env, napi_callback_info info) {
  napi_value value;
  Instance *instance;
  uint32_t id;
  if (!read_arguments(env, info, 1, &value, &instance) || !read_numbers(env, &value, 1, &id)) return NULL;
  Port *port = table_find(&instance->ports, id);
  struct sockaddr_in local;
  socklen_t length = sizeof local;
  if (port == NULL || port->is_packet) return to_number(env, -EBADF);
  if (getsockname(port->fd, (struct sockaddr *)&local, &length) < 0) return to_number(env, -errno);
  return to_number(env, ntohs(local.sin_port));
}

static napi_value js_close_port(napi_env env, napi_callback_info info) {
  napi_value value;
  Instance *instance;
  uint32_t id;
  if (!read_arguments(env, info, 1, &value, &instance) || !read_numbers(env, &value, 1, &id)) return NULL;
  Port *port = table_find(&instance->ports, id);
  if (port != NULL) close_port(port);
  return NULL;
}

/* interfaceIndex(device): above zero, or -errno. */
static napi_value js_interface_index(napi_env env, napi_callback_info info) {
  napi_value value;
  Instance *instance;
  char device[IFNAMSIZ + 1];
  if (!read_arguments(env, info, 1, &value, &instance) || !read_device(env, value, device)) return NULL;
  unsigned index = if_nametoindex(device);
  return to_number(env, index > 0 ? (int64_t)index : -errno);
}

/* allocate(length): [number, ArrayBuffer]. */
static napi_value js_allocate(napi_env env, napi_callback_info info) {
  napi_value value, result;
  Instance *instance;
  uint32_t length;
  if (!read_arguments(env, info, 1, &value, &instance) || !read_numbers(env, &value, 1, &length)) return NULL;
  int64_t id = table_free_slot(&instance->memories);
  Memory *memory = id < 0 ? NULL : memory_new(length);
  if (memory == NULL) {
    napi_throw_error(env, "ENOMEM", "no memory for datagrams");
    return NULL;
  }
  napi_value buffer = memory_expose(env, memory);
  if (buffer == NULL) {
    memory_drop(memory);
    return NULL;
  }
  instance->memories.entries[id] = memory;
  napi_create_array_with_length(env, 2, &result);
  napi_set_element(env, result, 0, to_number(env, id));
  napi_set_element(env, result, 1, buffer);
  return result;
}

/* release(number, ArrayBuffer): at once, where garbage collection would take its time. */
static napi_value js_release(napi_env env, napi_callback_info info) {
  napi_value values[ARGUMENTS_MOST];
  Instance *instance;
  uint32_t id;
  if (!read_arguments(env, info, 2, values, &instance) || !read_numbers(env, values, 1, &id)) return NULL;
  Memory *memory = table_find(&instance->memories, id);
  if (memory == NULL) return NULL;
  instance->memories.entries[id] = NULL;
  napi_detach_arraybuffer(env, values[1]);
  memory_drop(memory);
  return NULL;
}

/* False: it names what is not there, or reaches outside its memory. */
static bool read_item(const Instance *instance, const uint32_t *words, Port **port, Item *item) {
  *port = table_find(&instance->ports, words[OUT_PORT]);
  Memory *memory = table_find(&instance->memories, words[OUT_MEMORY]);
  if (*port == NULL || memory == NULL) return false;
  if ((uint64_t)words[OUT_START] + words[OUT_LENGTH] > memory->length) return false;
  if (words[OUT_SEGMENT] > UINT16_MAX || words[OUT_UDP_PORT] > UINT16_MAX) return false;
  item->memory = memory;
  item->start = words[OUT_START];
  item->length = words[OUT_LENGTH];
  item->address = words[OUT_ADDRESS];
  item->port = (uint16_t)words[OUT_UDP_PORT];
  item->segment = (uint16_t)words[OUT_SEGMENT];
  item->cut_by_us = false;
  item->direct = words[OUT_DIRECT] != 0 && item->segment == 0;
  return true;
}

/*
 * flush(count): sends what lies in the outbox. 0, or (errno, port) of a datagram that was lost as errno * 2^20 + port;
 * when several were lost, of the last. Ports are handed over one after the other, each in the order of its datagrams.
 */
static napi_value js_flush(napi_env env, napi_callback_info info) {
  napi_value value;
  Instance *instance;
  uint32_t count;
  if (!read_arguments(env, info, 1, &value, &instance) || !read_numbers(env, &value, 1, &count)) return NULL;
  const uint32_t *words = (const uint32_t *)(const void *)instance->outbox->bytes;
  bool is_wrong = count > OUTBOX_ITEMS;
  int64_t lost = 0;
  if (is_wrong) count = 0;
  for (uint32_t i = 0; i < count; i++) {
    Port *port;
    Item item;
    if (!read_item(instance, words + (size_t)i * OUT_WORDS, &port, &item)) {
      is_wrong = true;
      continue;
    }
    int error = send_add(port, &item);
    if (error != 0) lost = ((int64_t)error << 20) + port->id;
  }
  for (uint32_t i = 0; i < count; i++) {
    Port *port = table_find(&instance->ports, words[(size_t)i * OUT_WORDS + OUT_PORT]);
    if (port == NULL || port->count == 0 || port->is_blocked) continue;
    int error = send_waiting(port);
    if (error != 0) lost = ((int64_t)error << 20) + port->id;
  }
  if (is_wrong) napi_throw_range_error(env, NULL, "a datagram from outside its memory");
  return to_number(env, lost);
}

static bool write_properties(napi_env env, napi_value object, Instance *instance) {
  napi_value slab = memory_expose(env, instance->slab);
  napi_value arrivals = slab == NULL ? NULL : memory_expose(env, instance->arrivals);
  napi_value outbox = arrivals == NULL ? NULL : memory_expose(env, instance->outbox);
  if (outbox == NULL) return false;
  napi_property_descriptor properties[] = {
      {"slab", NULL, NULL, NULL, NULL, slab, napi_enumerable, NULL},
      {"arrivals", NULL, NULL, NULL, NULL, arrivals, napi_enumerable, NULL},
      {"outbox", NULL, NULL, NULL, NULL, outbox, napi_enumerable, NULL},
      {"openPort", NULL, js_open_port, NULL, NULL, NULL, napi_enumerable, instance},
      {"openPacket", NULL, js_open_packet, NULL, NULL, NULL, napi_enumerable, instance},
      {"setSource", NULL, js_set_source, NULL, NULL, NULL, napi_enumerable, instance},
      {"setLink", NULL, js_set_link, NULL, NULL, NULL, napi_enumerable, instance},
      {"gather", NULL, js_gather, NULL, NULL, NULL, napi_enumerable, instance},
      {"localPort", NULL, js_local_port, NULL, NULL, NULL, napi_enumerable, instance},
      {"closePort", NULL, js_close_port, NULL, NULL, NULL, napi_enumerable, instance},
      {"interfaceIndex", NULL, js_interface_index, NULL, NULL, NULL, napi_enumerable, instance},
      {"allocate", NULL, js_allocate, NULL, NULL, NULL, napi_enumerable, instance},
      {"release", NULL, js_release, NULL, NULL, NULL, napi_enumerable, instance},
      {"flush", NULL, js_flush, NULL, NULL, NULL, napi_enumerable, instance},
  };
  return napi_define_properties(env, object, sizeof properties / sizeof *properties, properties) == napi_ok;
}

/* begin(): an instance with memory of its own, which lives as long as the environment. */
static napi_value js_begin(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value object;
  Instance *instance = begin(env);
  if (instance != NULL && napi_create_object(env, &object) == napi_ok && write_properties(env, object, instance)) {
    return object;
  }
  bool is_pending = false;
  napi_is_exception_pending(env, &is_pending);
  if (!is_pending) napi_throw_error(env, "ENOMEM", "no memory for datagrams");
  return NULL;
}

NAPI_MODULE_INIT() {
  napi_property_descriptor properties[] = {
      {"version", NULL, NULL, NULL, NULL, to_number(env, INTERFACE_VERSION), napi_enumerable, NULL},
      {"begin", NULL, js_begin, NULL, NULL, NULL, napi_enumerable, NULL},
  };
  napi_define_properties(env, exports, sizeof properties / sizeof *properties, properties);
  return exports;
}
