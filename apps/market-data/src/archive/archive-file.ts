import path from 'node:path';
import { DistributionError, type Lane, type Position } from '@distributary/distribution-core';
import { dayOfText, dayText } from './utc-day.js';

/**
 * A finished file: all events of one lane from `first` to `last`, whose day (UTC of the broker's time) is `day`.
 * Everything that a reader or a successor has to know about it is in its name, so there is no catalog that could differ.
 */
export interface ArchiveFile {
  readonly lane: Lane;
  readonly day: number;
  readonly first: Position;
  readonly last: Position;
  readonly rows: number;
  /** The range of the events' own times, both ends included. */
  readonly minTimeMicros: number;
  readonly maxTimeMicros: number;
  /** The log had lost events between the file before it and this one. */
  readonly followsGap: boolean;
}

const ENDING = '.parquet';
const PART_ENDING = '.part';
const MAX_NAME_BYTES = 255;
const PIECES = /.{1,200}/g;
const CONTINUED = '+';
const CONTINUES = 'c';
const FOLLOWS_GAP = 'g';

/** Text as part of a file's name, also on disks that do not tell upper from lower case. */
const tokenOf = (text: string): string =>
  [...Buffer.from(text)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[a-z0-9-]/.test(character) ? character : `_${byte.toString(16).padStart(2, '0')}`;
    })
    .join('');

function textOf(token: string): string | undefined {
  const bytes = token.replace(/_([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  const text = Buffer.from(bytes, 'latin1').toString();
  return tokenOf(text) === token ? text : undefined;
}

/** Of a name that is longer than a folder's may be: one folder within another, all but the last with a mark at their ends. */
export const topicFolder = (topic: string): string =>
  (tokenOf(topic).match(PIECES) ?? ['']).join(`${CONTINUED}${path.sep}`);
export const topicOfFolder = (folder: string): string | undefined =>
  textOf(folder.replaceAll(`${CONTINUED}${path.sep}`, ''));
export const isContinued = (folder: string): boolean => folder.endsWith(CONTINUED);
export const isPart = (name: string): boolean => name.endsWith(PART_ENDING);

/** `<partition>.<epoch>.<first>.<last>.<rows>.<earliest>.<latest>.<c|g>.parquet`, numbers in base 36. */
function nameOf(file: ArchiveFile): string {
  const { lane, rows, minTimeMicros, maxTimeMicros } = file;
  const name = [
    String(lane.partition),
    tokenOf(lane.epoch),
    tokenOf(file.first),
    tokenOf(file.last),
    ...[rows, minTimeMicros, maxTimeMicros].map((value) => value.toString(36)),
    file.followsGap ? FOLLOWS_GAP : CONTINUES,
  ].join('.');
  if (name.length + ENDING.length + PART_ENDING.length > MAX_NAME_BYTES) {
    throw new DistributionError('internal', `the name of a file of ${lane.topic} would be too long: ${name}`);
  }
  return name + ENDING;
}

/** Relative to the archive's folder. */
export const pathOf = (file: ArchiveFile): string =>
  path.join(topicFolder(file.lane.topic), dayText(file.day), nameOf(file));

export const partPathOf = (file: ArchiveFile): string => pathOf(file) + PART_ENDING;

const numberOf = (token: string): number | undefined => {
  const value = Number.parseInt(token, 36);
  return Number.isSafeInteger(value) && value.toString(36) === token ? value : undefined;
};

/** The inverse of {@link pathOf}; undefined for what is no finished file of an archive. */
export function fileAt(folder: string, dayFolder: string, name: string): ArchiveFile | undefined {
  const topic = topicOfFolder(folder);
  const day = dayOfText(dayFolder);
  if (topic === undefined || day === undefined || !name.endsWith(ENDING)) return undefined;
  const parts = name.slice(0, -ENDING.length).split('.');
  if (parts.length !== 8) return undefined;
  const [partition, epoch, first, last, rows, min, max, kind] = parts;
  const file = {
    lane: { topic, partition: Number(partition), epoch: textOf(epoch) },
    day,
    first: textOf(first),
    last: textOf(last),
    rows: numberOf(rows),
    minTimeMicros: numberOf(min),
    maxTimeMicros: numberOf(max),
    followsGap: kind === FOLLOWS_GAP,
  };
  const isComplete =
    [file.lane.epoch, file.first, file.last, file.rows, file.minTimeMicros, file.maxTimeMicros].every(
      (part) => part !== undefined,
    ) && /^\d{1,6}$/.test(partition);
  return isComplete ? (file as ArchiveFile) : undefined;
}
