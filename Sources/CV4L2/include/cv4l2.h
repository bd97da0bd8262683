#ifndef FSAC_CV4L2_H
#define FSAC_CV4L2_H

/* Opens a device without blocking and without conversion: frames come in the camera's own format.
 * Returns the descriptor, or -1 with errno. */
int fsac_v4l2_open(const char *path);

#endif
