type Fields = Readonly<Record<string, unknown>>;

/**
 * The message with its criteria among its other fields, as the other doors have them; `field`: where they are. Lists that are
 * empty are not there, as everywhere in gRPC.
 */
export function flatCriteria(request: object, field: 'filters' | 'criteria' = 'filters'): Fields {
  const { [field]: criteria, subscription_name: name, ...others } = request as Fields;
  const { min_price_text: least, max_price_text: most, ...bounds } = (criteria ?? {}) as Fields;
  const all: Fields = {
    ...others,
    ...(name === undefined || name === '' ? {} : { name }),
    ...bounds,
    ...(least === undefined ? {} : { min_price: least }),
    ...(most === undefined ? {} : { max_price: most }),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => !(Array.isArray(value) && value.length === 0)));
}
