/**
 * What others wrote, as a database can hold it: PostgreSQL takes no NUL and no half of a surrogate pair, and refuses all
 * that is stored along with it. Such characters become U+FFFD.
 */
export const storableText = (text: string): string => Buffer.from(text).toString().replaceAll('\0', '\ufffd');
