/*
 * Memory that JavaScript and the kernel both see. It is ours, not V8's: whatever JavaScript does with its ArrayBuffer
 * (transfer, detach, forget), a datagram that still waits is read from where it was written.
 */
#include "datagram.h"

#include <stdlib.h>

Memory *memory_new(uint32_t length) {
  Memory *memory = malloc(sizeof *memory);
  if (memory == NULL) return NULL;
  /* V8 wants an address even for nothing. */
  memory->bytes = calloc(length > 0 ? length : 1, 1);
  memory->length = length;
  memory->holders = 1;
  if (memory->bytes != NULL) return memory;
  free(memory);
  return NULL;
}

void memory_drop(Memory *memory) {
  if (--memory->holders > 0) return;
  free(memory->bytes);
  free(memory);
}

/* May run after the instance has ended: it knows the memory only. */
static void on_collected(napi_env env, void *data, void *hint) {
  (void)env;
  (void)data;
  memory_drop(hint);
}

napi_value memory_expose(napi_env env, Memory *memory) {
  napi_value buffer;
  memory->holders++;
  if (napi_create_external_arraybuffer(env, memory->bytes, memory->length, on_collected, memory, &buffer) == napi_ok) {
    return buffer;
  }
  memory->holders--;
  napi_throw_error(env, "ENOMEM", "no memory for datagrams");
  return NULL;
}

int64_t table_free_slot(Table *table) {
  for (uint32_t slot = 0; slot < table->slots; slot++) {
    if (table->entries[slot] == NULL) return slot;
  }
  uint32_t slots = table->slots == 0 ? 64 : table->slots * 2;
  void **entries = realloc(table->entries, slots * sizeof *entries);
  if (entries == NULL) return -1;
  for (uint32_t slot = table->slots; slot < slots; slot++) entries[slot] = NULL;
  int64_t found = table->slots;
  table->entries = entries;
  table->slots = slots;
  return found;
}

void *table_find(const Table *table, uint32_t slot) {
  return slot < table->slots ? table->entries[slot] : NULL;
}
