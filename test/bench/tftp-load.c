/*
 * Many boards that load files over TFTP at the same time, each from its own address, as Pi firmware does: one file after the
 * other, one socket per file, what was sent last again after 2 s of silence. Every block is compared with the file.
 *
 *   tftp-load SERVER PORT FOLDER BLKSIZE WINDOW LOSS-PER-MILLE ABSENT FILE...  < addresses, one per line
 *
 * Each board first asks for ABSENT names that do not exist, then for each FILE. Prints one line of JSON.
 * Exit status 1: a board did not get all of it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { RRQ = 1, DATA = 3, ACK = 4, ERROR = 5, OACK = 6 };
enum { MOST_FILES = 64, MOST_BOARDS = 4096, RESEND_MS = 2000, FILE_MS = 30000, LONGEST = 65536 };

typedef struct {
  const char *name;
  uint8_t *bytes;
  size_t size;
} File;

typedef struct {
  struct in_addr address;
  int fd;
  unsigned step;
  /* Of the file that is loaded: blocks count from 1 and do not wrap. */
  uint64_t block, acked;
  size_t got;
  bool has_peer, is_window_open;
  struct sockaddr_in peer;
  double asked_ms, heard_ms, began_ms, took_ms;
  uint8_t last[512];
  size_t last_length;
} Board;

static struct sockaddr_in server;
static File files[MOST_FILES];
static Board boards[MOST_BOARDS];
static unsigned file_count, absent_count, board_count, left, failed;
static unsigned long block_size, window_size, loss_per_mille;
static uint64_t bytes_loaded, repeats_of_ours, repeated_blocks;
static char trouble[200];
static int poller;

static double now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void die(const char *what) {
  fprintf(stderr, "tftp-load: %s: %s\n", what, strerror(errno));
  exit(2);
}

/* xorshift: the same loss in each run. */
static bool is_lost(void) {
  static uint64_t state = 88172645463325252ULL;
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state % 1000 < loss_per_mille;
}

static void read_file(File *file, const char *folder, const char *name) {
  char path[4096];
  struct stat seen;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *stream = fopen(path, "rb");
  if (stream == NULL || fstat(fileno(stream), &seen) < 0) die(path);
  file->name = name;
  file->size = (size_t)seen.st_size;
  file->bytes = malloc(file->size + 1);
  if (file->bytes == NULL || fread(file->bytes, 1, file->size, stream) != file->size) die(path);
  fclose(stream);
}

static void send_last(Board *board) {
  const struct sockaddr_in *to = board->has_peer ? &board->peer : &server;
  /* A full buffer is loss like any other. */
  (void)!sendto(board->fd, board->last, board->last_length, 0, (const struct sockaddr *)to, sizeof *to);
}

static size_t append(uint8_t *at, const char *text) {
  size_t length = strlen(text) + 1;
  memcpy(at, text, length);
  return length;
}

static void send_request(Board *board, const char *name) {
  char number[24];
  uint8_t *at = board->last;
  *at++ = 0;
  *at++ = RRQ;
  at += append(at, name);
  at += append(at, "octet");
  at += append(at, "tsize");
  at += append(at, "0");
  at += append(at, "blksize");
  snprintf(number, sizeof number, "%lu", block_size);
  at += append(at, number);
  if (window_size > 1) {
    at += append(at, "windowsize");
    snprintf(number, sizeof number, "%lu", window_size);
    at += append(at, number);
  }
  board->last_length = (size_t)(at - board->last);
  send_last(board);
}

static void send_ack(Board *board) {
  uint8_t ack[4] = {0, ACK, (uint8_t)(board->block >> 8), (uint8_t)board->block};
  memcpy(board->last, ack, sizeof ack);
  board->last_length = sizeof ack;
  board->acked = board->block;
  send_last(board);
}

static void end_boot(Board *board, const char *reason) {
  board->took_ms = now_ms() - board->began_ms;
  left--;
  if (reason == NULL) return;
  failed++;
  snprintf(trouble, sizeof trouble, "%s after %u files: %s", inet_ntoa(board->address), board->step, reason);
}

static void next_file(Board *board) {
  if (board->fd >= 0) close(board->fd);
  board->fd = -1;
  if (board->step == absent_count + file_count) return end_boot(board, NULL);
  board->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr = board->address};
  if (board->fd < 0 || bind(board->fd, (struct sockaddr *)&own, sizeof own) < 0) die("bind");
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = board};
  if (epoll_ctl(poller, EPOLL_CTL_ADD, board->fd, &event) < 0) die("epoll_ctl");
  board->block = board->acked = 0;
  board->got = 0;
  board->has_peer = false;
  board->asked_ms = board->heard_ms = now_ms();
  char absent[64];
  snprintf(absent, sizeof absent, "absent-%u.bin", board->step);
  send_request(board, board->step < absent_count ? absent : files[board->step - absent_count].name);
}

static const char *take_data(Board *board, const uint8_t *packet, size_t length) {
  if (board->step < absent_count) return "a file that does not exist was served";
  const File *file = &files[board->step - absent_count];
  uint16_t number = (uint16_t)(packet[2] << 8 | packet[3]);
  size_t bytes = length - 4;
  if (number != (uint16_t)(board->block + 1)) {
    repeated_blocks++;
    /* A gap in a window: ask for what is missing, once. RFC 7440 section 4. */
    if (window_size > 1 && board->acked != board->block) send_ack(board);
    return NULL;
  }
  if (board->got + bytes > file->size || memcmp(packet + 4, file->bytes + board->got, bytes) != 0) return "other bytes";
  board->block++;
  board->got += bytes;
  bool is_last = bytes < block_size;
  if (is_last || board->block - board->acked >= window_size) send_ack(board);
  if (!is_last) return NULL;
  if (board->got != file->size) return "it ended too early";
  bytes_loaded += board->got;
  board->step++;
  next_file(board);
  return NULL;
}

static const char *take_packet(Board *board, const uint8_t *packet, size_t length) {
  if (length < 4) return "a packet of less than 4 bytes";
  switch (packet[1]) {
    case OACK:
      if (board->step < absent_count) return "a file that does not exist was promised";
      if (board->block == 0) send_ack(board);
      return NULL;
    case DATA:
      return take_data(board, packet, length);
    case ERROR:
      if (board->step >= absent_count) return "the server sent an ERROR";
      board->step++;
      next_file(board);
      return NULL;
    default:
      return "a packet of no known kind";
  }
}

static void give_up(Board *board, const char *reason) {
  close(board->fd);
  board->fd = -1;
  end_boot(board, reason);
}

static void on_readable(Board *board) {
  static uint8_t packet[LONGEST];
  int fd = board->fd;
  while (board->fd >= 0 && board->fd == fd) {
    struct sockaddr_in from;
    socklen_t from_length = sizeof from;
    ssize_t length = recvfrom(fd, packet, sizeof packet, 0, (struct sockaddr *)&from, &from_length);
    if (length < 0) return;
    if (loss_per_mille > 0 && is_lost()) continue;
    if (board->has_peer && from.sin_port != board->peer.sin_port) continue;
    board->peer = from;
    board->has_peer = true;
    board->heard_ms = now_ms();
    const char *wrong = take_packet(board, packet, (size_t)length);
    if (wrong != NULL) give_up(board, wrong);
    /* In lockstep there is no second one. */
    if (window_size == 1) return;
  }
}

static void look_at_clocks(void) {
  double now = now_ms();
  for (unsigned i = 0; i < board_count; i++) {
    Board *board = &boards[i];
    if (board->fd < 0) continue;
    if (now - board->asked_ms > FILE_MS) {
      give_up(board, "30 s are over");
    } else if (now - board->heard_ms > RESEND_MS) {
      board->heard_ms = now;
      repeats_of_ours++;
      send_last(board);
    }
  }
}

static int by_time(const void *one, const void *other) {
  double difference = ((const Board *)one)->took_ms - ((const Board *)other)->took_ms;
  return difference < 0 ? -1 : difference > 0;
}

static void read_boards(void) {
  char line[64];
  while (board_count < MOST_BOARDS && fgets(line, sizeof line, stdin) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    Board *board = &boards[board_count++];
    board->fd = -1;
    if (inet_aton(line, &board->address) == 0) die(line);
  }
}

static void run(void) {
  left = board_count;
  for (unsigned i = 0; i < board_count; i++) {
    boards[i].began_ms = now_ms();
    next_file(&boards[i]);
  }
  double looked_ms = now_ms();
  struct epoll_event events[256];
  while (left > 0) {
    int count = epoll_wait(poller, events, 256, 50);
    for (int i = 0; i < count; i++) {
      Board *board = events[i].data.ptr;
      if (board->fd >= 0) on_readable(board);
    }
    if (now_ms() - looked_ms < 50) continue;
    looked_ms = now_ms();
    look_at_clocks();
  }
}

int main(int argc, char **argv) {
  if (argc < 9) {
    fprintf(stderr, "usage: tftp-load SERVER PORT FOLDER BLKSIZE WINDOW LOSS-PER-MILLE ABSENT FILE... < addresses\n");
    return 2;
  }
  struct rlimit most = {MOST_BOARDS + 64, MOST_BOARDS + 64};
  setrlimit(RLIMIT_NOFILE, &most);
  server.sin_family = AF_INET;
  server.sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10));
  if (inet_aton(argv[1], &server.sin_addr) == 0) die(argv[1]);
  block_size = strtoul(argv[4], NULL, 10);
  window_size = strtoul(argv[5], NULL, 10);
  loss_per_mille = strtoul(argv[6], NULL, 10);
  absent_count = (unsigned)strtoul(argv[7], NULL, 10);
  for (int i = 8; i < argc && file_count < MOST_FILES; i++) read_file(&files[file_count++], argv[3], argv[i]);
  read_boards();
  poller = epoll_create1(0);
  double began_ms = now_ms();
  run();
  double seconds = (now_ms() - began_ms) / 1e3;
  qsort(boards, board_count, sizeof *boards, by_time);
  printf("{\"boots\":%u,\"failed\":%u,\"bytes\":%llu,\"seconds\":%.3f,\"clientTimeouts\":%llu,\"repeatedBlocks\":%llu,"
         "\"medianBootMs\":%.1f,\"worstBootMs\":%.1f,\"trouble\":\"%s\"}\n",
         board_count - failed, failed, (unsigned long long)bytes_loaded, seconds, (unsigned long long)repeats_of_ours,
         (unsigned long long)repeated_blocks, boards[board_count / 2].took_ms, boards[board_count - 1].took_ms, trouble);
  return failed > 0;
}
