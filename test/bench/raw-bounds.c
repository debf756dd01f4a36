// The least that the machine needs for the same work: one program, each mode prints the seconds it took.
//   write PATH TOTAL CHUNK SYNC RESERVE
//                                 writes TOTAL bytes, CHUNK at a time; SYNC = 1: fdatasync after each chunk; SYNC = n: by a thread, n chunks being
//                                 written before the first of them is known to be covered; RESERVE = 1: as the log prepares
//                                 the file: into room that is asked for ahead, as much again as there is, 1 to 16 MiB; where it syncs each chunk of up to
//                                 128 KiB, into zeros written ahead, as many as there are bytes, at most 1 MiB
//   read PATH                     reads the file and sums its bytes
//   store PATH TOTAL CHUNK        write without sync, each chunk from memory of its own: for state that is large
//   load PATH                     reads the file into memory of its size, which was touched before
//   copy BYTES ROUNDS PIECE       memcpy of BYTES, PIECE at a time, ROUNDS times
//   sum BYTES ROUNDS              adds up BYTES as 64-bit words, ROUNDS times
//   scatter ROWS PAGES            copies 64 bytes ROWS times, to random places of PAGES pages of 4 KiB
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
/** In chunks. */
static size_t written, synced, last;
static int synced_file;

static void *sync_all(void *_) {
  (void)_;
  pthread_mutex_lock(&mutex);
  while (synced < last) {
    while (written == synced) pthread_cond_wait(&changed, &mutex);
    size_t covered = written;
    pthread_mutex_unlock(&mutex);
    if (fdatasync(synced_file) != 0) exit(1);
    pthread_mutex_lock(&mutex);
    synced = covered;
    pthread_cond_broadcast(&changed);
  }
  pthread_mutex_unlock(&mutex);
  return NULL;
}

/** One chunk more is written; returns when fewer than `in_flight` are not synced. */
static void sync_later(size_t in_flight) {
  pthread_mutex_lock(&mutex);
  written++;
  pthread_cond_broadcast(&changed);
  while (written - synced >= in_flight) pthread_cond_wait(&changed, &mutex);
  pthread_mutex_unlock(&mutex);
}

int main(int argc, char **argv) {
  if (argc == 7 && strcmp(argv[1], "write") == 0) {
    size_t total = strtoull(argv[3], 0, 10), chunk = strtoull(argv[4], 0, 10);
    int sync = atoi(argv[5]), reserve = atoi(argv[6]);
    size_t reserved = 0, zeros = 1 << 20;
    uint8_t *zero = calloc(1, zeros);
    uint8_t *buffer = malloc(chunk);
    for (size_t i = 0; i < chunk; i++) buffer[i] = (uint8_t)(i * 2654435761u >> 13);
    double start = now();
    int fd = open(argv[2], O_RDWR | O_CREAT | O_TRUNC, 0644);
    if (fd < 0) return 1;
    synced_file = fd;
    last = (total + chunk - 1) / chunk;
    pthread_t thread;
    if (sync > 1 && pthread_create(&thread, NULL, sync_all, NULL) != 0) return 1;
    for (size_t at = 0; at < total; at += chunk) {
      size_t n = total - at < chunk ? total - at : chunk;
#if defined(__linux__)
      if (reserve && !sync && at + n > reserved) {
        size_t ahead = at + n < 1 << 20 ? 1 << 20 : at + n > 1 << 24 ? 1 << 24 : at + n;
        fallocate(fd, FALLOC_FL_KEEP_SIZE, reserved, at + n + ahead - reserved);
        reserved = at + n + ahead;
      }
#endif
      if (pwrite(fd, buffer, n, at) != (ssize_t)n) return 1;
      size_t end = at + n, ahead = end < zeros ? end & ~(size_t)4095 : zeros;
      if (reserve && sync == 1 && n <= 1 << 17 && reserved < end + n && n <= ahead) {
        size_t from = reserved < end ? end : reserved;
        if (pwrite(fd, zero, ahead, from) != (ssize_t)ahead) return 1;
        reserved = from + ahead;
      }
      if (sync == 1 && fdatasync(fd) != 0) return 1;
      if (sync > 1) sync_later(at + n < total ? sync : 1);
    }
    printf("%.9f\n", now() - start);
    return close(fd);
  }
  if (argc == 3 && strcmp(argv[1], "read") == 0) {
    static uint64_t buffer[1 << 17];
    double start = now();
    int fd = open(argv[2], O_RDONLY);
    if (fd < 0) return 1;
    uint64_t sum = 0;
    ssize_t n;
    while ((n = read(fd, buffer, sizeof buffer)) > 0)
      for (ssize_t i = 0; i < n / 8; i++) sum += buffer[i];
    fprintf(stderr, "%llu\n", (unsigned long long)sum);
    printf("%.9f\n", now() - start);
    return close(fd);
  }
  if (argc == 5 && strcmp(argv[1], "store") == 0) {
    size_t total = strtoull(argv[3], 0, 10), chunk = strtoull(argv[4], 0, 10);
    uint8_t *buffer = malloc(total);
    for (size_t i = 0; i < total; i++) buffer[i] = (uint8_t)(i * 2654435761u >> 13);
    double start = now();
    int fd = open(argv[2], O_RDWR | O_CREAT | O_TRUNC, 0644);
    if (fd < 0) return 1;
    for (size_t at = 0; at < total; at += chunk) {
      size_t n = total - at < chunk ? total - at : chunk;
      if (pwrite(fd, buffer + at, n, at) != (ssize_t)n) return 1;
    }
    printf("%.9f\n", now() - start);
    return close(fd);
  }
  if (argc == 3 && strcmp(argv[1], "load") == 0) {
    int fd = open(argv[2], O_RDONLY);
    off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
    if (size < 0) return 1;
    uint8_t *buffer = malloc(size);
    memset(buffer, 1, size);
    double start = now();
    for (off_t at = 0; at < size; at += 1 << 20)
      if (pread(fd, buffer + at, size - at < 1 << 20 ? size - at : 1 << 20, at) < 0) return 1;
    printf("%.9f\n", now() - start);
    return close(fd);
  }
  if (argc == 5 && strcmp(argv[1], "copy") == 0) {
    size_t bytes = strtoull(argv[2], 0, 10), rounds = strtoull(argv[3], 0, 10), piece = strtoull(argv[4], 0, 10);
    uint8_t *from = malloc(bytes), *to = malloc(bytes);
    memset(from, 1, bytes);
    memset(to, 2, bytes);
    double start = now();
    for (size_t i = 0; i < rounds; i++) {
      for (size_t at = 0; at < bytes; at += piece) memcpy(to + at, from + at, piece);
      __asm__ volatile("" ::"r"(to) : "memory");
    }
    printf("%.9f\n", now() - start);
    return 0;
  }
  if (argc == 4 && strcmp(argv[1], "sum") == 0) {
    // four independent vectors: as fast as this machine reads
    typedef uint64_t four __attribute__((vector_size(32)));
    size_t vectors = strtoull(argv[2], 0, 10) / sizeof(four), rounds = strtoull(argv[3], 0, 10);
    four *from = aligned_alloc(64, vectors * sizeof(four)), sums[4] = {0};
    memset(from, 1, vectors * sizeof(four));
    double start = now();
    for (size_t round = 0; round < rounds; round++) {
      for (size_t i = 0; i + 4 <= vectors; i += 4) {
        sums[0] += from[i];
        sums[1] += from[i + 1];
        sums[2] += from[i + 2];
        sums[3] += from[i + 3];
      }
      __asm__ volatile("" ::"r"(from) : "memory");
    }
    printf("%.9f\n", now() - start);
    fprintf(stderr, "%llu\n", (unsigned long long)(sums[0][0] + sums[1][1] + sums[2][2] + sums[3][3]));
    return 0;
  }
  if (argc == 4 && strcmp(argv[1], "scatter") == 0) {
    size_t rows = strtoull(argv[2], 0, 10), pages = strtoull(argv[3], 0, 10);
    uint8_t *from = malloc(rows * 64), *to = malloc(pages * 4096);
    uint32_t *at = malloc(rows * sizeof *at);
    memset(from, 1, rows * 64);
    memset(to, 2, pages * 4096);
    uint64_t state = 1;
    for (size_t i = 0; i < rows; i++) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      at[i] = (uint32_t)((state >> 33) % pages * 4096 + (state >> 20) % 504 * 8);
    }
    double start = now();
    for (size_t i = 0; i < rows; i++) {
      memcpy(to + at[i], from + i * 64, 64);
      __asm__ volatile("" ::"r"(to) : "memory");
    }
    printf("%.9f\n", now() - start);
    return 0;
  }
  return 2;
}
