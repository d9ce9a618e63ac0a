/** Injects the settings of the service, `SettingsOf<typeof service>`. */
export const SETTINGS = Symbol('SETTINGS');
