#include "cjpeg.h"
int fsac_cjpeg_placeholder(void) { return 0; }
