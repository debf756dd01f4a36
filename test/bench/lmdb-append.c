// The same appends with lmdb (Debian: liblmdb-dev), in C and as fast as it goes: keys in order (MDB_APPEND), a thousand records a transaction.
//   lmdb-append FILE RECORDS BYTES IN_FLIGHT   prints the seconds; IN_FLIGHT = 0: MDB_NOSYNC; else each thousand is acknowledged by a sync that covers it, and
//                                              so many are appended before that: 1: a sync with every commit; more: commits that are not synced, and a
//                                              thread that syncs what there is (faster than fewer, longer transactions; a power cut may break the file)
#include <lmdb.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static void check(int code) {
  if (code == 0) return;
  fprintf(stderr, "%s\n", mdb_strerror(code));
  exit(1);
}

static MDB_env *env;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
/** In commits. */
static size_t committed, synced, last;

static void *sync_all(void *_) {
  (void)_;
  pthread_mutex_lock(&mutex);
  while (synced < last) {
    while (committed == synced) pthread_cond_wait(&changed, &mutex);
    size_t covered = committed;
    pthread_mutex_unlock(&mutex);
    check(mdb_env_sync(env, 1));
    pthread_mutex_lock(&mutex);
    synced = covered;
    pthread_cond_broadcast(&changed);
  }
  pthread_mutex_unlock(&mutex);
  return NULL;
}

static void wait_for(size_t commits) {
  pthread_mutex_lock(&mutex);
  while (synced < commits) pthread_cond_wait(&changed, &mutex);
  pthread_mutex_unlock(&mutex);
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  size_t records = strtoull(argv[2], 0, 10), bytes = strtoull(argv[3], 0, 10);
  size_t in_flight = strtoull(argv[4], 0, 10);
  int shared = in_flight > 1;
  pthread_t thread;
  MDB_txn *transaction;
  MDB_dbi table;
  check(mdb_env_create(&env));
  check(mdb_env_set_mapsize(env, (size_t)4 << 30));
  check(mdb_env_open(env, argv[1], MDB_NOSUBDIR | (in_flight == 1 ? 0 : MDB_NOSYNC), 0644));
  uint8_t *value = malloc(bytes);
  for (size_t i = 0; i < bytes; i++) value[i] = (uint8_t)(i * 37);
  check(mdb_txn_begin(env, NULL, 0, &transaction));
  check(mdb_dbi_open(transaction, NULL, MDB_INTEGERKEY, &table));
  check(mdb_txn_commit(transaction));
  last = (records + 999) / 1000;
  double start = now();
  if (shared) check(pthread_create(&thread, NULL, sync_all, NULL));
  for (size_t i = 0; i < records;) {
    check(mdb_txn_begin(env, NULL, 0, &transaction));
    for (size_t end = i + 1000 < records ? i + 1000 : records; i < end; i++) {
      size_t key = i;
      MDB_val k = {sizeof key, &key}, v = {bytes, value};
      check(mdb_put(transaction, table, &k, &v, MDB_APPEND));
    }
    check(mdb_txn_commit(transaction));
    if (!shared) continue;
    pthread_mutex_lock(&mutex);
    committed++;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
    if (committed >= in_flight) wait_for(committed - in_flight + 1);
  }
  if (shared) wait_for(last);
  printf("%.9f\n", now() - start);
  mdb_env_close(env);
  return 0;
}
