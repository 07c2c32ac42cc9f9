import { type DynamicModule, Module, type Type } from '@nestjs/common';

/** A class and the instance that controllers get when they ask for it. */
export type Provided = readonly [token: Type | symbol, value: unknown];

/**
 * One area of the administration as a module of its own: `adminArea('Topics', [TopicsController, TopicsGrpc], [[TopicAdmin,
 * topicAdmin]])`. For {@link AdminModule.of}.
 */
export function adminArea(name: string, controllers: readonly Type[], provided: readonly Provided[]): DynamicModule {
  // Nest tells modules apart by their class, so each area has one.
  const area = { [name]: class {} }[name];
  Module({})(area);
  return {
    module: area,
    controllers: [...controllers],
    providers: provided.map(([provide, useValue]) => ({ provide, useValue })),
  };
}
