/* A disk that forgets: preloaded into a process, it writes down every change of the files below one folder, and every
 * sync, in the order in which they happened. What a power cut at any moment would have left is made from that
 * afterwards (disk.rs): what was synced, and any part of what was not.
 *
 * FORGETFUL_FOLDER names the folder, FORGETFUL_JOURNAL the file that is written. Nothing is really synced: the journal
 * tells what was, and that makes it fast. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { CREATE = 1, WRITE, TRUNCATE, SYNC, UNLINK, RENAME, SYNC_FOLDER };

#define MOST 65536
static struct { uint64_t file; char is_folder; char *path; } open_files[MOST];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int journal = -1;
static char folder[PATH_MAX];
static size_t folder_size;

static void say_bytes(const void *bytes, size_t size) {
    const char *at = bytes;
    while (size > 0) {
        ssize_t done = syscall(SYS_write, journal, at, size);
        if (done < 0) abort();
        at += done;
        size -= done;
    }
}

static void say(unsigned char what, uint64_t file, uint64_t place, const void *bytes, uint32_t size) {
    unsigned char head[21];
    head[0] = what;
    memcpy(head + 1, &file, 8);
    memcpy(head + 9, &place, 8);
    memcpy(head + 17, &size, 4);
    say_bytes(head, sizeof head);
    say_bytes(bytes, size);
}

__attribute__((constructor)) static void begin(void) {
    const char *name = getenv("FORGETFUL_FOLDER"), *file = getenv("FORGETFUL_JOURNAL");
    if (!name || !file || !realpath(name, folder)) return;
    folder_size = strlen(folder);
    journal = syscall(SYS_openat, AT_FDCWD, file, O_CREAT | O_WRONLY | O_TRUNC, 0600);
}

/* The path within the folder, or none. What only lives in memory is left out. */
static int within(int at, const char *path, char *whole) {
    if (journal < 0 || !path) return 0;
    char joined[PATH_MAX];
    if (path[0] != '/' && at == AT_FDCWD) {
        if (!getcwd(joined, sizeof joined - strlen(path) - 2)) return 0;
        strcat(joined, "/");
        strcat(joined, path);
    } else if (path[0] != '/') {
        if (at < 0 || at >= MOST || !open_files[at].path) return 0;
        strcpy(joined, open_files[at].path);
        strcat(joined, "/");
        strcat(joined, path);
    } else {
        if (strlen(path) >= sizeof joined) return 0;
        strcpy(joined, path);
    }
    if (strncmp(joined, folder, folder_size) != 0) return 0;
    size_t size = strlen(joined);
    if (size > 4 && strcmp(joined + size - 4, "-shm") == 0) return 0;
    strcpy(whole, joined);
    return 1;
}

static int open_here(int at, const char *path, int flags, mode_t mode) {
    char whole[PATH_MAX];
    pthread_mutex_lock(&lock);
    int here = within(at, path, whole);
    struct stat about;
    int is_new = here && (flags & O_CREAT) && stat(whole, &about) != 0;
    int fd = syscall(SYS_openat, at, path, flags, mode);
    int error = errno;
    if (fd >= 0 && fd < MOST) {
        free(open_files[fd].path);
        open_files[fd].path = 0;
        if (here && fstat(fd, &about) == 0) {
            open_files[fd].file = about.st_ino;
            open_files[fd].is_folder = S_ISDIR(about.st_mode);
            open_files[fd].path = strdup(whole);
            if (is_new) say(CREATE, about.st_ino, 0, whole, strlen(whole));
            else if ((flags & O_TRUNC) && S_ISREG(about.st_mode)) say(TRUNCATE, about.st_ino, 0, "", 0);
        }
    }
    pthread_mutex_unlock(&lock);
    errno = error;
    return fd;
}

#define OPEN(name)                                                                                                     \
    int name(const char *path, int flags, ...) {                                                                       \
        va_list more;                                                                                                  \
        va_start(more, flags);                                                                                         \
        mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(more, mode_t) : 0;                                      \
        va_end(more);                                                                                                  \
        return open_here(AT_FDCWD, path, flags, mode);                                                                 \
    }
#define OPENAT(name)                                                                                                   \
    int name(int at, const char *path, int flags, ...) {                                                               \
        va_list more;                                                                                                  \
        va_start(more, flags);                                                                                         \
        mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(more, mode_t) : 0;                                      \
        va_end(more);                                                                                                  \
        return open_here(at, path, flags, mode);                                                                       \
    }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

int close(int fd) {
    pthread_mutex_lock(&lock);
    if (fd >= 0 && fd < MOST) {
        free(open_files[fd].path);
        open_files[fd].path = 0;
    }
    int done = syscall(SYS_close, fd);
    int error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return done;
}

static int is_here(int fd) { return journal >= 0 && fd >= 0 && fd < MOST && open_files[fd].path; }

static ssize_t write_here(int fd, const void *bytes, size_t size, off_t place, int at_place) {
    if (!is_here(fd))
        return at_place ? syscall(SYS_pwrite64, fd, bytes, size, place) : syscall(SYS_write, fd, bytes, size);
    pthread_mutex_lock(&lock);
    if (!at_place) {
        struct stat about;
        int flags = syscall(SYS_fcntl, fd, F_GETFL);
        place = (flags & O_APPEND) && fstat(fd, &about) == 0 ? about.st_size : lseek(fd, 0, SEEK_CUR);
    }
    ssize_t done = at_place ? syscall(SYS_pwrite64, fd, bytes, size, place) : syscall(SYS_write, fd, bytes, size);
    int error = errno;
    if (done > 0) say(WRITE, open_files[fd].file, place, bytes, done);
    pthread_mutex_unlock(&lock);
    errno = error;
    return done;
}

ssize_t write(int fd, const void *bytes, size_t size) { return write_here(fd, bytes, size, 0, 0); }
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t place) { return write_here(fd, bytes, size, place, 1); }
ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t place) { return write_here(fd, bytes, size, place, 1); }

ssize_t writev(int fd, const struct iovec *parts, int count) {
    if (!is_here(fd)) return syscall(SYS_writev, fd, parts, count);
    /* A short write is allowed: one part after the other. */
    for (int part = 0; part < count; part++)
        if (parts[part].iov_len > 0) return write_here(fd, parts[part].iov_base, parts[part].iov_len, 0, 0);
    return 0;
}

int ftruncate(int fd, off_t size) {
    pthread_mutex_lock(&lock);
    int done = syscall(SYS_ftruncate, fd, size);
    int error = errno;
    if (done == 0 && is_here(fd)) say(TRUNCATE, open_files[fd].file, size, "", 0);
    pthread_mutex_unlock(&lock);
    errno = error;
    return done;
}
int ftruncate64(int fd, off_t size) { return ftruncate(fd, size); }

static int sync_here(int fd, long call) {
    if (!is_here(fd)) return syscall(call, fd);
    pthread_mutex_lock(&lock);
    if (open_files[fd].is_folder) say(SYNC_FOLDER, 0, 0, open_files[fd].path, strlen(open_files[fd].path));
    else say(SYNC, open_files[fd].file, 0, "", 0);
    pthread_mutex_unlock(&lock);
    return 0;
}
int fsync(int fd) { return sync_here(fd, SYS_fsync); }
int fdatasync(int fd) { return sync_here(fd, SYS_fdatasync); }

static int unlink_here(int at, const char *path, int flags) {
    char whole[PATH_MAX];
    pthread_mutex_lock(&lock);
    int here = within(at, path, whole);
    int done = syscall(SYS_unlinkat, at, path, flags);
    int error = errno;
    if (done == 0 && here) say(UNLINK, 0, 0, whole, strlen(whole));
    pthread_mutex_unlock(&lock);
    errno = error;
    return done;
}
int unlink(const char *path) { return unlink_here(AT_FDCWD, path, 0); }
int unlinkat(int at, const char *path, int flags) { return unlink_here(at, path, flags); }

int rename(const char *from, const char *to) {
    char whole_from[PATH_MAX], whole[PATH_MAX * 2 + 1];
    pthread_mutex_lock(&lock);
    int here = within(AT_FDCWD, from, whole_from) && within(AT_FDCWD, to, whole);
    int done = syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    int error = errno;
    if (done == 0 && here) {
        char both[PATH_MAX * 2 + 1];
        size_t first = strlen(whole_from), second = strlen(whole);
        memcpy(both, whole_from, first);
        both[first] = 0;
        memcpy(both + first + 1, whole, second);
        say(RENAME, 0, 0, both, first + 1 + second);
    }
    pthread_mutex_unlock(&lock);
    errno = error;
    return done;
}
