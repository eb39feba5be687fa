/* LD_PRELOAD: a kernel in a bad mood. FAULT in the environment says which one. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

typedef int (*Send)(int, struct mmsghdr *, unsigned int, int);

static int fail(int error) {
  errno = error;
  return -1;
}

int sendmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags) {
  static unsigned calls;
  const char *fault = getenv("FAULT");
  Send send = (Send)dlsym(RTLD_NEXT, "sendmmsg");
  int is_cut = messages[0].msg_hdr.msg_controllen > 0;
  calls++;
  if (fault == NULL) fault = "";
  if (!strcmp(fault, "full") && calls % 3 == 1) return fail(EAGAIN);
  if (!strcmp(fault, "interrupted") && calls % 3 == 1) return fail(EINTR);
  if (!strcmp(fault, "refused") && calls % 10 == 1) return fail(ECONNREFUSED);
  if (!strcmp(fault, "no-checksums") && is_cut) return fail(EIO);
  if (!strcmp(fault, "too-long") && is_cut) return fail(EINVAL);
  if (!strcmp(fault, "few") && count > 3) count = 3;
  return send(fd, messages, count, flags);
}
