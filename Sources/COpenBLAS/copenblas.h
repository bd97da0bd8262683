/* OpenBLAS' own header, found through pkg-config; nothing is added. */
#include <cblas.h>
