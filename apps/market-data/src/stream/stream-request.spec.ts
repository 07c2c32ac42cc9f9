import { flatCriteria } from './stream-request.js';

describe('the criteria of a gRPC request', () => {
  it('stand among its other fields, as the other doors have them', () => {
    const filters = { exchanges: ['XNAS'], currencies: [], min_price: 1.5, max_price_text: '2.5', min_volume: 7 };
    const request = { symbols: ['AAPL'], data_types: [], subscription_name: 'x', filters, slow_policy: 'block' };
    expect(flatCriteria(request)).toEqual({
      name: 'x',
      symbols: ['AAPL'],
      exchanges: ['XNAS'],
      min_price: 1.5,
      max_price: '2.5',
      min_volume: 7,
      slow_policy: 'block',
    });
  });

  it('prefer the texts of bounds, and may be missing', () => {
    expect(flatCriteria({ criteria: { min_price: 1, min_price_text: '1.0' } }, 'criteria')).toEqual({
      min_price: '1.0',
    });
    expect(flatCriteria({})).toEqual({});
  });
});
