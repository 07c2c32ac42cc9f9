import { integerText, setting } from '@distributary/distribution-nest';
import { z } from 'zod';

export const archiveConfig = z.object({
  ARCHIVE_DIR: setting(z.string(), {
    about: 'Folder of the archive; all processes of an installation see the same one. Empty: `archive` in DATA_DIR.',
    default: '',
  }),
  ARCHIVE_QUOTES: setting(z.enum(['off', 'on']), {
    about: 'Whether quotes are archived, too. Trades and bars always are.',
    default: 'off',
  }),
  ARCHIVE_RETENTION_DAYS: setting(integerText(1, 36_500), {
    about: 'Days (UTC) that the archive keeps, the present one included.',
    default: '30',
  }),
  ARCHIVE_FLUSH_MS: setting(integerText(100, 3_600_000), {
    about:
      'Events wait at most so long for their Parquet file, in milliseconds; until then history reads them in the log.',
    default: '30000',
  }),
  HISTORY_STREAMS: setting(integerText(1, 1_000), {
    about: 'Streams of historical data that may be open at once; the next one is refused.',
    default: '32',
  }),
});
