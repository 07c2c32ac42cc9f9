/** Names of the parts that Nest injects by port. */
export const LOG = Symbol('Log');
