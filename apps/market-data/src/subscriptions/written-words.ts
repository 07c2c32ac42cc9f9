import type { ValueTransformer } from 'typeorm';

/** A column in which the specification has other words than the service; of what is none of its words, `otherwise` is read. */
export function writtenWords<Word extends string>(
  written: Readonly<Record<Word, string>>,
  otherwise: Word,
): ValueTransformer {
  const words = new Map((Object.entries(written) as [Word, string][]).map(([word, text]) => [text, word]));
  return {
    to: (word: Word | undefined) => (word === undefined ? undefined : written[word]),
    from: (text: string | null) => words.get(text ?? '') ?? otherwise,
  };
}
