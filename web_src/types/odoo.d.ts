// The part of Odoo 19's web client that these pages use. Odoo's own JavaScript has too many unresolved types to import. Missing
// parts are added here when they are used.

declare module '@web/core/autocomplete/autocomplete' {
  import type { ComponentConstructor } from '@odoo/owl';

  export const AutoComplete: ComponentConstructor;
}

declare module '@web/core/assets' {
  import type { ComponentConstructor } from '@odoo/owl';

  export const LazyComponent: ComponentConstructor;
  export function loadBundle(name: string): Promise<void>;
}

declare module '@web/core/browser/browser' {
  export const browser: Pick<Window, 'localStorage' | 'setTimeout' | 'clearTimeout' | 'setInterval' | 'clearInterval'> & {
    navigator: Navigator;
    location: Location;
  };
}

declare module '@web/core/l10n/dates' {
  import type { DateTime } from '@web/types/luxon';

  /** Reads Odoo's `YYYY-MM-DD HH:MM:SS`, which is UTC. */
  export function deserializeDateTime(value: string): DateTime;
  export function formatDateTime(value: DateTime | false, options?: { showSeconds?: boolean }): string;
  export function formatDate(value: DateTime | false): string;
}

declare module '@web/types/luxon' {
  export interface DateTime {
    toMillis(): number;
    /** Words such as "in 3 days", in the reader's language. */
    toRelative(): string | null;
  }
}

declare module '@web/core/l10n/translation' {
  /** Marks a string for translation; `%s` and `%(name)s` take the values that follow. */
  export function _t(source: string, ...values: unknown[]): string;
}

declare module '@web/core/l10n/localization' {
  export const localization: { code: string; direction: 'ltr' | 'rtl' };
}

declare module '@web/core/network/rpc' {
  export function rpc<T>(url: string, params?: object, settings?: { silent?: boolean }): Promise<T>;
}

declare module '@web/core/user' {
  export const user: { userId: number; name: string; hasGroup(xmlId: string): Promise<boolean> };
}

declare module '@web/core/orm_service' {
  import type { Orm } from '@web/core/utils/hooks';

  /** The class of the service `orm`. It works before services have started. */
  export const ORM: new () => Orm;
}

declare module '@web/core/registry' {
  export interface Registry {
    category(name: string): Registry;
    add(key: string, value: unknown, options?: { force?: boolean; sequence?: number }): Registry;
    get<T>(key: string): T;
  }
  export const registry: Registry;
}

declare module '@web/core/utils/hooks' {
  import type { EventBus } from '@odoo/owl';

  export type Domain = (string | [string, string, unknown])[];

  export interface Orm {
    /** The same service without the loading indicator, for calls in the background. */
    silent: Orm;
    searchRead<T>(model: string, domain: Domain, fields: string[], options?: Record<string, unknown>): Promise<T[]>;
    call<T>(model: string, method: string, args?: unknown[], kwargs?: Record<string, unknown>): Promise<T>;
  }
  export interface Services {
    orm: Orm;
    action: {
      /** Resolves when the action is shown; `onClose` runs when its dialog, or the one that replaced it, is closed. */
      doAction(
        action: string | number | Record<string, unknown>,
        options?: { onClose?: () => void; props?: object },
      ): Promise<void>;
    };
    dialog: { add(component: abstract new (...args: never[]) => unknown, props: object): () => void };
    notification: {
      add(
        message: string,
        options?: {
          type?: 'info' | 'success' | 'warning' | 'danger';
          title?: string;
          autocloseDelay?: number;
          /** Whether the notification stays until it is closed. */
          sticky?: boolean;
          onClose?: () => void;
          buttons?: { name: string; onClick: () => void }[];
        },
      ): () => void;
    };
  }
  export function useService<N extends keyof Services>(name: N): Services[N];
  export function useBus<T>(bus: EventBus, event: string, onEvent: (event: CustomEvent<T>) => void): void;
  export function useAutofocus(options?: { refName?: string }): void;
}

declare module '@web/core/popover/popover_hook' {
  /** A popover closes with Escape, with a click outside, and together with the component that opened it. */
  export function usePopover(
    component: abstract new (...args: never[]) => unknown,
    options?: { position?: string; popoverClass?: string },
  ): { open(target: HTMLElement, props: object): void; close(): void; isOpen: boolean };
}

declare module '@web/core/dialog/dialog' {
  import type { ComponentConstructor } from '@odoo/owl';

  export const Dialog: ComponentConstructor;
}

declare module '@web/core/confirmation_dialog/confirmation_dialog' {
  import type { ComponentConstructor } from '@odoo/owl';

  export const ConfirmationDialog: ComponentConstructor;
}

declare module '@web/core/pager/pager' {
  import type { ComponentConstructor } from '@odoo/owl';

  export const Pager: ComponentConstructor;
}

declare module '@web/search/layout' {
  import type { ComponentConstructor } from '@odoo/owl';

  export const Layout: ComponentConstructor;
}

declare module '@web/webclient/actions/action_service' {
  export const standardActionServiceProps: Record<string, true>;
}

declare module '@web/model/record' {
  /** A record in a view's model; its dates are luxon objects. */
  export interface RecordOfView {
    data: Record<string, unknown>;
    update(changes: Record<string, unknown>): Promise<void>;
  }
}

declare module '@web/views/fields/standard_field_props' {
  export const standardFieldProps: Record<string, true>;
}

declare module '@web/core/dialog/dialog' {
  import type { ComponentConstructor } from '@odoo/owl';

  export const Dialog: ComponentConstructor;
}

declare module '@web/views/fields/badge/badge_field' {
  export const badgeField: object;
}

declare module '@web/views/fields/integer/integer_field' {
  import { Component } from '@odoo/owl';

  export class IntegerField extends Component {
    static template: string;
    static props: Record<string, unknown>;
    /** The value as it is displayed. */
    get formattedValue(): string;
    get value(): number;
  }
  export const integerField: { extractProps(field: object): object };
}

declare module '@web/views/fields/text/text_field' {
  import type { ComponentConstructor } from '@odoo/owl';

  export const TextField: ComponentConstructor;
}

declare module '@web/views/widgets/standard_widget_props' {
  export const standardWidgetProps: Record<string, true>;
}

declare module '@web/core/browser/cookie' {
  export const cookie: { get(name: string): string | undefined };
}

declare module '@web/views/graph/graph_renderer' {
  import { Component } from '@odoo/owl';

  export class GraphRenderer extends Component {
    model: { metaData: { measure: string } };
    getBarChartData(): { datasets: { label: string }[] };
    getScaleOptions(): { y?: { ticks: object } };
  }
}

declare module '@web/views/graph/graph_view' {
  export const graphView: object;
}
