/** A rack's state as a table for people. */
import { unreachable } from '../model/errors.ts';
import type { BoardStatus } from '../rack/board.ts';
import type { RackStatus } from '../rack/control.ts';
import type { TimedFirmwareEvent } from '../rack/firmware-event.ts';

export function renderRackStatus(status: RackStatus): string {
  const rows = [
    ['NAME', 'BOARD', 'ROLE', 'ADDRESS', 'STATE', 'POWER-ONS', 'DETAIL'],
    ...status.boards.map((board) => [
      board.name,
      board.board,
      board.role,
      board.address,
      board.state,
      String(board.powerOns),
      detailOf(board),
    ]),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\nservice: ${status.service.state}\n`;
}

function detailOf(board: BoardStatus): string {
  if (board.state === 'off') return board.end ?? '';
  if (board.state === 'kernel') return `${board.cpuSeconds.toFixed(1)} s of processor time`;
  return board.firmware === undefined ? '' : explainEvent(board.firmware);
}

function explainEvent(event: TimedFirmwareEvent): string {
  switch (event.event) {
    case 'discover':
      return `asks for an address (DISCOVER ${event.attempt})`;
    case 'ignored-offer':
      return `takes no OFFER: ${event.reason}`;
    case 'no-offer':
      return 'got no OFFER in 45 s';
    case 'offer':
      return `has ${event.address}`;
    case 'file':
      return `${event.path}: ${event.outcome}`;
    case 'stuck':
      return `stuck: ${event.reason}`;
    case 'start':
      return `starts the kernel after ${event.files} files`;
    default:
      return unreachable(event);
  }
}
