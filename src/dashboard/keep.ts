/** What the browser keeps for this page: the token while the tab is open, light or dark for longer. */

const tokenKey = 'pi-image.token';
const themeKey = 'pi-image.theme';

export const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

export const readToken = () => sessionStorage.getItem(tokenKey) ?? undefined;
export const keepToken = (token: string) => sessionStorage.setItem(tokenKey, token);
export const forgetToken = () => sessionStorage.removeItem(tokenKey);

export function readTheme(): Theme {
  return themes.find((theme) => theme === localStorage.getItem(themeKey)) ?? 'system';
}

/** The style sheet follows the attribute, and the system where there is none. */
export function showTheme(theme: Theme): void {
  localStorage.setItem(themeKey, theme);
  if (theme === 'system') document.documentElement.removeAttribute('data-theme');
  else document.documentElement.setAttribute('data-theme', theme);
}
