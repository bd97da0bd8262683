/* placeholder */
int fsac_cpng_placeholder(void);
