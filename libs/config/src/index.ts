export {
  certificates,
  durationMs,
  flag,
  httpUrl,
  integer,
  list,
  port,
  ratio,
  secret,
  text,
  withDefault,
} from './kinds.js';
export { loadSettings, SettingsInvalid, type Settings, type SettingsShape } from './settings.js';
