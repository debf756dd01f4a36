// The same appends with lmdb (Debian: liblmdb-dev), in C and as fast as it goes: keys in order (MDB_APPEND), a thousand records a transaction.
//   lmdb-append FOLDER RECORDS BYTES SYNC   prints the seconds; SYNC = 0: MDB_NOSYNC, 1: a sync with every commit
#include <lmdb.h>
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

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  size_t records = strtoull(argv[2], 0, 10), bytes = strtoull(argv[3], 0, 10);
  MDB_env *env;
  MDB_txn *transaction;
  MDB_dbi table;
  check(mdb_env_create(&env));
  check(mdb_env_set_mapsize(env, (size_t)4 << 30));
  check(mdb_env_open(env, argv[1], MDB_NOSUBDIR | (atoi(argv[4]) ? 0 : MDB_NOSYNC), 0644));
  uint8_t *value = malloc(bytes);
  for (size_t i = 0; i < bytes; i++) value[i] = (uint8_t)(i * 37);
  check(mdb_txn_begin(env, NULL, 0, &transaction));
  check(mdb_dbi_open(transaction, NULL, MDB_INTEGERKEY, &table));
  check(mdb_txn_commit(transaction));
  double start = now();
  for (size_t i = 0; i < records;) {
    check(mdb_txn_begin(env, NULL, 0, &transaction));
    for (size_t end = i + 1000 < records ? i + 1000 : records; i < end; i++) {
      size_t key = i;
      MDB_val k = {sizeof key, &key}, v = {bytes, value};
      check(mdb_put(transaction, table, &k, &v, MDB_APPEND));
    }
    check(mdb_txn_commit(transaction));
  }
  printf("%.9f\n", now() - start);
  mdb_env_close(env);
  return 0;
}
