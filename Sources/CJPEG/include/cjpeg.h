/* placeholder */
int fsac_cjpeg_placeholder(void);
