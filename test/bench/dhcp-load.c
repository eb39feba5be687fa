/*
 * Many boards that get an address each, as their firmware asks (options 55, 60, 93, 94, 97), through one relay: DISCOVER,
 * OFFER, REQUEST, ACK, with a number of them under way at a time. Then all once more.
 *
 *   dhcp-load SERVER RELAY BOARDS OUTSTANDING FAMILY
 *
 * FAMILY is a byte in hexadecimal. Board N has the MAC dc:a6:32:<FAMILY>:<N high>:<N low> and the serial
 * <FAMILY>000000 + N, N from 1.
 * Prints one line of JSON. Exit status 1: a board got none, or two boards have the same address.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST_BOARDS = 65535, HEADER = 236, ROUNDS = 2, RESEND_MS = 1000, MOST_REPEATS = 10 };
enum { DISCOVER = 1, OFFER = 2, REQUEST = 3, ACK = 5 };

typedef struct {
  enum { WAITING, DISCOVERING, REQUESTING, BOUND } state;
  uint32_t address, server;
  double began_ms, sent_ms;
  unsigned repeats;
} Board;

static Board *boards;
static unsigned board_count, outstanding, next_board, under_way, done, failed, repeats_of_ours;
static uint8_t family;
static struct sockaddr_in server, relay;
static int fd;
static float *took_ms;
static unsigned took_count;

static double now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void die(const char *what) {
  fprintf(stderr, "dhcp-load: %s: %s\n", what, strerror(errno));
  exit(2);
}

static uint8_t *put(uint8_t *at, uint8_t code, const void *value, uint8_t length) {
  *at++ = code;
  *at++ = length;
  memcpy(at, value, length);
  return at + length;
}

/* As the loader of a Pi 4 of 2022 and later writes it. */
static uint8_t *put_identity(uint8_t *at, const uint8_t *mac, uint32_t serial) {
  static const uint8_t undi[] = {1, 2, 1}, arch[] = {0, 0}, revision[] = {0x15, 0x31, 0xd0, 0};
  uint8_t id[17] = {0, 0x34, 0x69, 0x50, 0x52};
  at = put(at, 60, "PXEClient:Arch:00000:UNDI:002001", 32);
  at = put(at, 93, arch, sizeof arch);
  at = put(at, 94, undi, sizeof undi);
  memcpy(id + 5, revision, 4);
  memcpy(id + 9, mac + 2, 4);
  for (int i = 0; i < 4; i++) id[13 + i] = (uint8_t)(serial >> (8 * i));
  return put(at, 97, id, sizeof id);
}

static void send_message(unsigned index) {
  static const uint8_t wanted[] = {1, 3, 43, 60, 66, 67, 128, 129, 130, 131, 132, 133, 134, 135};
  Board *board = &boards[index];
  unsigned number = index + 1;
  uint8_t packet[600] = {1, 1, 6, 1};
  uint8_t mac[6] = {0xdc, 0xa6, 0x32, family, (uint8_t)(number >> 8), (uint8_t)number};
  uint32_t xid = htonl(number);
  memcpy(packet + 4, &xid, 4);
  memcpy(packet + 24, &relay.sin_addr, 4);
  memcpy(packet + 28, mac, 6);
  memcpy(packet + HEADER, "\x63\x82\x53\x63", 4);
  uint8_t type = board->state == REQUESTING ? REQUEST : DISCOVER;
  uint8_t *at = put(packet + HEADER + 4, 53, &type, 1);
  if (type == REQUEST) {
    at = put(at, 50, &board->address, 4);
    at = put(at, 54, &board->server, 4);
  } else {
    at = put(at, 55, wanted, sizeof wanted);
  }
  at = put_identity(at, mac, ((uint32_t)family << 24) + number);
  *at++ = 255;
  size_t length = (size_t)(at - packet) < 322 ? 322 : (size_t)(at - packet);
  board->sent_ms = now_ms();
  if (sendto(fd, packet, length, 0, (struct sockaddr *)&server, sizeof server) < 0) die("sendto");
}

static void start_more(void) {
  while (under_way < outstanding && next_board < board_count) {
    Board *board = &boards[next_board];
    board->state = DISCOVERING;
    board->began_ms = now_ms();
    board->repeats = 0;
    send_message(next_board++);
    under_way++;
  }
}

static void end_board(Board *board, bool is_good) {
  board->state = BOUND;
  under_way--;
  done++;
  if (!is_good) failed++;
  took_ms[took_count++] = (float)(now_ms() - board->began_ms);
}

/* @returns 0 when the option is not there */
static uint32_t read_option(const uint8_t *packet, size_t length, uint8_t code, size_t bytes) {
  for (size_t at = HEADER + 4; at + 1 < length && packet[at] != 255;) {
    if (packet[at] == 0) {
      at++;
      continue;
    }
    size_t size = packet[at + 1];
    uint32_t value = 0;
    if (packet[at] == code && size >= bytes && at + 2 + bytes <= length) {
      memcpy(&value, packet + at + 2, bytes);
      return value;
    }
    at += 2 + size;
  }
  return 0;
}

static void take_message(const uint8_t *packet, size_t length) {
  uint32_t xid;
  if (length < HEADER + 4) return;
  memcpy(&xid, packet + 4, 4);
  unsigned index = ntohl(xid) - 1;
  if (index >= board_count) return;
  Board *board = &boards[index];
  uint32_t type = read_option(packet, length, 53, 1);
  uint32_t address;
  memcpy(&address, packet + 16, 4);
  if (board->state == DISCOVERING && type == OFFER) {
    board->address = address;
    board->server = read_option(packet, length, 54, 4);
    board->state = REQUESTING;
    board->repeats = 0;
    send_message(index);
  } else if (board->state == REQUESTING && type == ACK) {
    end_board(board, address == board->address);
  }
}

static void repeat_late(void) {
  double now = now_ms();
  for (unsigned i = 0; i < next_board; i++) {
    Board *board = &boards[i];
    if (board->state == BOUND || now - board->sent_ms < RESEND_MS) continue;
    if (board->repeats++ == MOST_REPEATS) {
      end_board(board, false);
      continue;
    }
    repeats_of_ours++;
    send_message(i);
  }
}

static void run_round(void) {
  uint8_t packet[2048];
  double looked_ms = now_ms();
  next_board = under_way = done = 0;
  while (done < board_count) {
    start_more();
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    if (poll(&waiting, 1, 100) > 0) {
      for (ssize_t length; (length = recv(fd, packet, sizeof packet, MSG_DONTWAIT)) > 0;) {
        take_message(packet, (size_t)length);
        start_more();
      }
    }
    if (now_ms() - looked_ms < 100) continue;
    looked_ms = now_ms();
    repeat_late();
  }
}

static int by_value(const void *one, const void *other) {
  float difference = *(const float *)one - *(const float *)other;
  return difference < 0 ? -1 : difference > 0;
}

static int by_address(const void *one, const void *other) {
  uint32_t first = ((const Board *)one)->address, second = ((const Board *)other)->address;
  return first < second ? -1 : first > second;
}

static unsigned count_twins(void) {
  unsigned twins = 0;
  qsort(boards, board_count, sizeof *boards, by_address);
  for (unsigned i = 1; i < board_count; i++) twins += boards[i].address == boards[i - 1].address;
  return twins;
}

static struct sockaddr_in read_address(const char *text) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(67)};
  if (inet_aton(text, &address.sin_addr) == 0) die(text);
  return address;
}

int main(int argc, char **argv) {
  if (argc != 6) {
    fprintf(stderr, "usage: dhcp-load SERVER RELAY BOARDS OUTSTANDING FAMILY\n");
    return 2;
  }
  server = read_address(argv[1]);
  relay = read_address(argv[2]);
  board_count = (unsigned)strtoul(argv[3], NULL, 10);
  outstanding = (unsigned)strtoul(argv[4], NULL, 10);
  family = (uint8_t)strtoul(argv[5], NULL, 16);
  if (board_count == 0 || board_count > MOST_BOARDS) return 2;
  boards = calloc(board_count, sizeof *boards);
  took_ms = calloc((size_t)board_count * ROUNDS, sizeof *took_ms);
  fd = socket(AF_INET, SOCK_DGRAM, 0);
  int big = 4 << 20;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &big, sizeof big);
  if (boards == NULL || took_ms == NULL || fd < 0 || bind(fd, (struct sockaddr *)&relay, sizeof relay) < 0) die("bind");
  double began_ms = now_ms();
  for (int round = 0; round < ROUNDS; round++) run_round();
  double seconds = (now_ms() - began_ms) / 1e3;
  unsigned twins = count_twins();
  qsort(took_ms, took_count, sizeof *took_ms, by_value);
  printf("{\"exchanges\":%u,\"failed\":%u,\"twins\":%u,\"seconds\":%.3f,\"clientTimeouts\":%u,\"medianMs\":%.2f,"
         "\"p99Ms\":%.2f}\n",
         took_count - failed, failed, twins, seconds, repeats_of_ours, (double)took_ms[took_count / 2],
         (double)took_ms[(size_t)took_count * 99 / 100]);
  return failed > 0 || twins > 0;
}
