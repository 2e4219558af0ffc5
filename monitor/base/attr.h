/* Compiler attributes by readable names. */
#ifndef BASE_ATTR_H
#define BASE_ATTR_H

/* The caller must look at the result. */
#define MUSTCHECK __attribute__((warn_unused_result))
/* Argument number `fmt` is a printf format for the arguments from number `first` on. */
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))
/* Kept out of its caller, so that the caller's usual way stays short. */
#define NOINLINE __attribute__((noinline))

#endif
