import { SeededRandom } from '../seeded-random.js';

/**
 * Chance of one part of a world, by its name: what one part draws changes nothing for the others, so that a schedule with
 * fewer parts goes on much as before.
 */
export function randomOf(seed: number, name: string): SeededRandom {
  let hash = seed ^ 0x811c9dc5;
  for (let index = 0; index < name.length; index++) hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  return new SeededRandom(hash);
}
