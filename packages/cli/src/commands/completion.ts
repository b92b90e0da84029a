import { UsageError } from "../terminal/errors.ts";
import type { Command } from "./command.ts";

type Commands = Readonly<Record<string, Pick<Command, "about" | "options">>>;

const SHELLS = { bash, zsh, fish } as const;

/** Makes the command that prints completions. @param commands every subcommand, read when the command runs */
export function completion(commands: () => Commands): Command {
  return {
    usage: "graft completion <bash | zsh | fish>",
    about:
      "Prints completions for a shell.\n\n" +
      'bash  eval "$(graft completion bash)" in ~/.bashrc\n' +
      'zsh   eval "$(graft completion zsh)" in ~/.zshrc, after compinit\n' +
      "fish  graft completion fish > ~/.config/fish/completions/graft.fish",
    options: {},
    async run([shell = "", ...more], _values, { out }) {
      const script = Object.hasOwn(SHELLS, shell) ? SHELLS[shell as keyof typeof SHELLS] : undefined;
      if (!script || more.length > 0)
        throw new UsageError("graft completion takes the name of a shell.", "It is bash, zsh or fish.");
      out(script(commands()));
    },
  };
}

function flagsOf({ options }: Pick<Command, "options">): string {
  return [...Object.keys(options), "verbose", "help"].map((key) => `--${key}`).join(" ");
}

function bash(commands: Commands): string {
  const cases = Object.entries(commands).map(([name, command]) => `    ${name}) words="${flagsOf(command)}" ;;`);
  return `_graft() {
  local words="${Object.keys(commands).join(" ")} --version --help"
  if [ "$COMP_CWORD" -gt 1 ]; then case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
    *) words="" ;;
  esac; fi
  local current="\${COMP_WORDS[COMP_CWORD]}"
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [ "$COMP_CWORD" -gt 1 ] && [ "\${current#-}" = "$current" ]; then COMPREPLY=($(compgen -f -- "$current")); fi
}
complete -o filenames -F _graft graft
`;
}

function zsh(commands: Commands): string {
  return `autoload -U +X bashcompinit && bashcompinit
${bash(commands)}`;
}

function fish(commands: Commands): string {
  const quoted = (text: string): string => `'${text.replace(/['\\]/g, "\\$&")}'`;
  const lines = Object.entries(commands).flatMap(([name, { about, options }]) => [
    `complete -c graft -n __fish_use_subcommand -f -a ${name} -d ${quoted(about.split("\n")[0] ?? "")}`,
    ...Object.keys(options).map((key) => `complete -c graft -n '__fish_seen_subcommand_from ${name}' -l ${key}`),
  ]);
  return `${lines.join("\n")}\n`;
}
