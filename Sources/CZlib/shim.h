#ifndef LOOKASIDE_CZLIB_SHIM_H
#define LOOKASIDE_CZLIB_SHIM_H

#include <zlib.h>

#endif
