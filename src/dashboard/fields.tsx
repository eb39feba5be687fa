/** Fields of forms, each with its label. */
import type { JSX } from 'preact';

export interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly change: (value: string) => void;
  /** A regular expression that all of it must match. */
  readonly pattern?: string;
}

/** Must not be left empty. */
export function TextField({ label, value, change, pattern }: TextFieldProps): JSX.Element {
  return (
    <label class="field">
      <span>{label}</span>
      <input
        required
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        pattern={pattern}
        value={value}
        onInput={(event) => change(event.currentTarget.value)}
      />
    </label>
  );
}

export interface SearchFieldProps {
  /** What is looked for, for those who hear it. */
  readonly label: string;
  readonly placeholder: string;
  readonly value: string;
  readonly change: (value: string) => void;
}

export function SearchField({ label, placeholder, value, change }: SearchFieldProps): JSX.Element {
  return (
    <label class="field search">
      <span class="hidden">{label}</span>
      <input
        type="search"
        placeholder={placeholder}
        value={value}
        onInput={(event) => change(event.currentTarget.value)}
      />
    </label>
  );
}

export interface SelectFieldProps {
  readonly label: string;
  readonly value: string;
  readonly change: (value: string) => void;
  readonly choices: readonly { readonly value: string; readonly text: string }[];
}

export function SelectField({ label, value, change, choices }: SelectFieldProps): JSX.Element {
  return (
    <label class="field">
      <span>{label}</span>
      <select value={value} onChange={(event) => change(event.currentTarget.value)}>
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value}>
            {choice.text}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Choices that say all there is to say by themselves. */
export const plainChoices = (values: readonly string[]) => values.map((value) => ({ value, text: value }));
