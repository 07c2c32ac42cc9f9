import type { RoutingExplanationView, RuleView } from '@distributary/contracts';
import { invalidRequest, type ResourceVersion } from '@distributary/distribution-core';
import { etagOf } from '../http/etag.js';

/** As proto-loader gives them: what was not sent is not there. */
export type Fields = Readonly<Record<string, unknown>>;

type AttributeValues = Readonly<Record<string, string | number | boolean>>;

/** A message with a rule's settings as the REST door has them. `request.invalid` if a JSON text is none. */
export function ruleInputOf(message: Fields, clear: unknown = []): Fields {
  const { set_attributes: attributes, condition, transformation, ...fields } = message;
  // Of each optional field the loader also says, under `_<name>`, whether it is there.
  const given = Object.entries(fields).filter(([name]) => !name.startsWith('_'));
  const input: Record<string, unknown> = Object.fromEntries(given);
  if (attributes !== undefined && Object.keys(attributes as Fields).length > 0) {
    input.set_attributes = Object.fromEntries(
      Object.entries(attributes as Readonly<Record<string, Fields>>).map(([name, { text, number, flag }]) => [
        name,
        text ?? number ?? flag,
      ]),
    );
  }
  if (condition !== undefined) input.condition = textOrJson(condition as string, 'condition');
  if (transformation !== undefined) input.transformation = textOrJson(transformation as string, 'transformation');
  for (const name of clear as readonly string[]) input[name] = name === 'set_attributes' ? {} : null;
  return input;
}

export function jsonOf(text: unknown, path: string): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    throw invalidRequest([{ path, rule: 'must be JSON text' }]);
  }
}

export function ruleMessage(view: RuleView, version?: ResourceVersion): Fields {
  const { condition, transformation, set_attributes: attributes } = view;
  return {
    ...view,
    set_attributes: attributeMessages(attributes),
    ...(condition === undefined ? {} : { condition: JSON.stringify(condition) }),
    ...(transformation === undefined
      ? {}
      : { transformation: typeof transformation === 'string' ? transformation : JSON.stringify(transformation) }),
    ...(version === undefined ? {} : { etag: etagOf(version) }),
  };
}

export function explanationMessage(view: RoutingExplanationView): Fields {
  return {
    ...view,
    copies: view.copies.map((copy) => ({
      ...copy,
      attributes: attributeMessages(copy.attributes),
      event: JSON.stringify(copy.event),
    })),
    rules: view.rules.map(({ failed, value, ...rule }) => ({
      ...rule,
      ...(failed === undefined ? {} : { failed_path: failed.path, failed_clause: JSON.stringify(failed.clause) }),
      ...(value === undefined ? {} : { value: JSON.stringify(value) }),
    })),
  };
}

function textOrJson(text: string, path: string): unknown {
  return text.trimStart().startsWith('{') ? jsonOf(text, path) : text;
}

function attributeMessages(attributes: AttributeValues): Record<string, Fields> {
  const kinds = { string: 'text', number: 'number', boolean: 'flag' } as const;
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [name, { [kinds[typeof value as keyof typeof kinds]]: value }]),
  );
}
