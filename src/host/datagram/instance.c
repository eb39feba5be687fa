/* How ports and instances begin and end. Both are freed when libuv has let go of the last handle. */
#include "datagram.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static void on_closed(uv_handle_t *handle);
static void end(Instance *instance);

static void on_ready(uv_poll_t *poll, int status, int events) {
  Port *port = poll->data;
  if (status < 0) {
    /*
     * libuv says EBADF and stops watching when a socket has an error to tell, for example a packet socket whose link
     * went down. Asking for the error clears it, and the socket goes on when the link is back.
     */
    int error = 0;
    socklen_t length = sizeof error;
    if (getsockopt(port->fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0) return call_received(port, -errno);
    return watch(port);
  }
  if ((events & UV_WRITABLE) != 0) send_waiting(port);
  if ((events & UV_READABLE) != 0) receive_batches(port);
}

void watch(Port *port) {
  int events = UV_READABLE | (port->is_blocked ? UV_WRITABLE : 0);
  if (port->is_closing || (port->events == events && uv_is_active((uv_handle_t *)&port->poll))) return;
  port->events = events;
  uv_poll_start(&port->poll, events, on_ready);
}

void close_port(Port *port) {
  if (port->is_closing) return;
  Instance *instance = port->instance;
  port->is_closing = true;
  instance->ports.entries[port->id] = NULL;
  send_forget(port);
  napi_delete_reference(instance->env, port->received);
  uv_poll_stop(&port->poll);
  close(port->fd);
  link_close(port->link);
  uv_close((uv_handle_t *)&port->poll, on_closed);
}

static void on_closed(uv_handle_t *handle) {
  Port *port = handle->data;
  Instance *instance = port->instance;
  free(port);
  instance->handles--;
  if (instance->is_ending) end(instance);
}

int64_t add_port(Instance *instance, int fd, napi_value received, const PortWish *wish) {
  int64_t id = table_free_slot(&instance->ports);
  Port *port = calloc(1, sizeof *port);
  if (id < 0 || port == NULL || uv_poll_init(instance->loop, &port->poll, fd) != 0) {
    free(port);
    close(fd);
    return -ENOMEM;
  }
  instance->handles++;
  instance->ports.entries[id] = port;
  port->poll.data = port;
  port->instance = instance;
  port->id = (uint32_t)id;
  port->fd = fd;
  port->is_packet = wish == NULL;
  port->segments = wish != NULL && has_segments(fd);
  napi_create_reference(instance->env, received, 1, &port->received);
  watch(port);
  return id;
}

/* Comes once for each port that was open, and frees the instance with the last. */
static void end(Instance *instance) {
  if (instance->handles > 0) return;
  for (uint32_t id = 0; id < instance->memories.slots; id++) {
    Memory *memory = table_find(&instance->memories, id);
    if (memory != NULL) memory_drop(memory);
  }
  Memory *shared[] = {instance->slab, instance->arrivals, instance->outbox};
  for (size_t i = 0; i < sizeof shared / sizeof *shared; i++) {
    if (shared[i] != NULL) memory_drop(shared[i]);
  }
  free(instance->memories.entries);
  free(instance->ports.entries);
  napi_remove_async_cleanup_hook(instance->cleanup);
  free(instance);
}

/* The thread ends. libuv closes handles a little later, and the environment waits for that. */
static void on_cleanup(napi_async_cleanup_hook_handle handle, void *data) {
  (void)handle;
  Instance *instance = data;
  instance->is_ending = true;
  for (uint32_t id = 0; id < instance->ports.slots; id++) {
    Port *port = table_find(&instance->ports, id);
    if (port != NULL) close_port(port);
  }
  end(instance);
}

Instance *begin(napi_env env) {
  Instance *instance = calloc(1, sizeof *instance);
  if (instance == NULL) return NULL;
  instance->env = env;
  if (napi_add_async_cleanup_hook(env, on_cleanup, instance, &instance->cleanup) != napi_ok) {
    free(instance);
    return NULL;
  }
  /* From here on the environment frees it when it ends, also where it is not finished. */
  instance->slab = memory_new(BATCH * SLOT_BYTES);
  instance->arrivals = memory_new(BATCH * IN_WORDS * sizeof(uint32_t));
  instance->outbox = memory_new(OUTBOX_ITEMS * OUT_WORDS * sizeof(uint32_t));
  if (instance->slab == NULL || instance->arrivals == NULL || instance->outbox == NULL) return NULL;
  if (napi_get_uv_event_loop(env, &instance->loop) != napi_ok) return NULL;
  receive_prepare(instance);
  send_prepare(instance);
  return instance;
}
