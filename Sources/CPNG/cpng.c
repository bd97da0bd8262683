#include "cpng.h"
int fsac_cpng_placeholder(void) { return 0; }
