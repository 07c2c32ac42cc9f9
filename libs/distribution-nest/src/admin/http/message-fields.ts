type Fields = Readonly<Record<string, unknown>>;

/**
 * A message as the REST door has its body: without the names of optional fields that proto-loader adds (`_filter`), and
 * without lists that are empty, which on the wire are lists that were not sent.
 */
export function messageFields(message: Fields): Fields {
  return Object.fromEntries(
    Object.entries(message).filter(
      ([name, value]) => !name.startsWith('_') && !(Array.isArray(value) && value.length === 0),
    ),
  );
}
