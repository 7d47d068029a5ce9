#include <postgresql/libpq-fe.h>
#include <sys/socket.h>
