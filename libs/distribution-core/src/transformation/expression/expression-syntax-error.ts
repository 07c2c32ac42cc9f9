/** What is wrong with an expression's text, and the character where. Becomes a problem of its definition. */
export class ExpressionSyntaxError extends Error {
  constructor(
    readonly rule: string,
    readonly at: number,
  ) {
    super(rule);
  }
}
