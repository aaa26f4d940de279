// Operations of the executor, and their results (the table in docs/architecture.md).

import { z } from 'zod';
import type { CredentialKind } from '../db/credentials.ts';
import { GatewayError } from '../errors.ts';

/** An Odoo search domain whose syntax was checked (`records/domain.ts`). */
export type Domain = readonly unknown[];

/** The fields to read, in the format of Odoo's `web_read`. A relation with `fields` is expanded. */
export interface FieldTree {
  [name: string]: { fields?: FieldTree };
}

/** The properties of a field that are needed to convert its values, from the operation `types`. */
export interface FieldType {
  readonly type: string;
  readonly relation?: string;
}

export type ModelTypes = Readonly<Record<string, FieldType>>;
/** The types of every model that a tree of fields reaches. */
export type TypesOf = (model: string) => ModelTypes;

/**
 * A record's values for the fields of an order, in the same sequence, then the sort language. An empty value is null; a long one
 * is two strings, its beginning and its digest.
 */
export type Place = readonly (string | null | readonly [string, string])[];

interface SearchOperation {
  readonly op: 'search';
  readonly model: string;
  readonly domain: Domain;
  readonly fields?: FieldTree | undefined;
  readonly limit: number;
  readonly offset: number;
  readonly order?: string | undefined;
  /** The end of the previous page, from its `next`. */
  readonly after?: Place | undefined;
  readonly count?: 'exact' | 'estimated' | undefined;
  /** If there are no `fields`: reads only the fields that a list of the records would show. */
  readonly brief?: boolean | undefined;
}

/** The state that a record must still have for a write to happen. */
export interface IfMatch {
  /** Digests of the record as it was read. It is enough if one of them matches. */
  readonly versions: readonly string[];
  /** The fields that were read. */
  readonly fields?: FieldTree | undefined;
  readonly brief?: boolean | undefined;
}

interface ReadOperation {
  readonly op: 'read';
  readonly model: string;
  readonly ids: readonly number[];
  readonly fields?: FieldTree | undefined;
  readonly brief?: boolean | undefined;
}

interface AggregateOperation {
  readonly op: 'aggregate';
  readonly model: string;
  readonly domain: Domain;
  /** `state`, `date_order:month`. */
  readonly group: readonly string[];
  /** `amount_total:sum`, `__count`. */
  readonly measures: readonly string[];
  /** A domain about the measures. */
  readonly having: Domain;
  readonly order?: string | undefined;
  readonly limit: number;
  readonly offset: number;
}

interface ExplainOperation {
  readonly op: 'explain';
  readonly model: string;
  readonly id?: number | undefined;
}

interface CreateOperation {
  readonly op: 'create';
  readonly model: string;
  readonly values: readonly Readonly<Record<string, unknown>>[];
  readonly fields?: FieldTree | undefined;
}

interface WriteOperation {
  readonly op: 'write';
  readonly model: string;
  readonly ids: readonly number[];
  readonly values: Readonly<Record<string, unknown>>;
  readonly fields?: FieldTree | undefined;
  /** Allowed only for a single record. */
  readonly if_match?: IfMatch | undefined;
}

interface UnlinkOperation {
  readonly op: 'unlink';
  readonly model: string;
  readonly ids: readonly number[];
  /** Allowed only for a single record that is deleted. */
  readonly if_match?: IfMatch | undefined;
}

/** Changes the records with the keys, or creates them. */
interface UpsertOperation {
  readonly op: 'upsert';
  readonly model: string;
  /** A field, or `external_id`. */
  readonly key: string;
  readonly items: readonly { readonly value: string; readonly values: Readonly<Record<string, unknown>> }[];
  readonly fields?: FieldTree | undefined;
  /** The credential to which the external ids belong: `gateway_key_4`. */
  readonly namespace: string;
}

/** Changes or deletes all records that a domain finds. */
interface FoundOperation {
  readonly op: 'write_found' | 'unlink_found';
  readonly model: string;
  readonly domain: Domain;
  readonly max_affected: number;
  /** The values to write, for `write_found`. */
  readonly values?: Readonly<Record<string, unknown>>;
}

/** A part of the file in a field. */
export interface ContentOperation {
  readonly op: 'content';
  readonly model: string;
  readonly id: number;
  readonly field: string;
  readonly from: number;
  /** The most bytes to send. */
  readonly bytes: number;
  /** An image is made to fit into a square of this many pixels. */
  readonly side?: number | undefined;
}

/** Writes a file to a field, or makes it an attachment of the record. */
export interface StoreOperation {
  readonly op: 'store';
  readonly model: string;
  readonly id: number;
  readonly field?: string | undefined;
  readonly attach?: true | undefined;
  /** The SHA-256 of the file, in hexadecimal digits. */
  readonly sha256: string;
  /** The file's name and its media type, for attachments. */
  readonly filename?: string | undefined;
  readonly type?: string | undefined;
}

interface ReportsOperation {
  readonly op: 'reports';
  readonly model: string;
}

export interface ReportOperation {
  readonly op: 'report';
  readonly model: string;
  readonly id: number;
  readonly report: string;
  readonly format: 'pdf' | 'html';
  /** How many reports Odoo may print at once. */
  readonly places: number;
}

export interface CallOperation {
  readonly op: 'call';
  readonly model: string;
  readonly method: string;
  readonly ids?: readonly number[] | undefined;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  /** The result as XML-RPC text. */
  readonly form?: 'xmlrpc';
}

interface ModelsOperation {
  readonly op: 'models';
}

interface DescribeOperation {
  readonly op: 'describe' | 'types';
  readonly models: readonly string[];
}

/** `read`: a search or a read with slots for values (`compiled/shape_key.ts`). */
interface CompileOperation {
  readonly op: 'compile';
  readonly read: Readonly<Record<string, unknown>>;
}

interface LoginOperation {
  readonly op: 'login';
  readonly login: string;
  readonly password: string;
}

/** The result of `version()` of Odoo's service `common`. */
interface VersionOperation {
  readonly op: 'version';
}

/** The result of `GET /doc-bearer/<model>.json` of Odoo's `api_doc`; null if that is not installed. */
interface DocumentOperation {
  readonly op: 'document';
  readonly model: string;
}

/** The names of the public methods. */
interface MethodsOperation {
  readonly op: 'methods';
  readonly model: string;
}

/** Whether a login of the caller's user would now need a second factor. */
interface SecondFactorOperation {
  readonly op: 'second_factor';
}

/** The key that creates a client, and the restrictions of that key. Null and empty mean no restriction. */
interface Bounds {
  readonly maker: { readonly kind: CredentialKind; readonly id: number };
  /** The key's own list of addresses. */
  readonly ip_list: readonly string[];
  readonly profile_id: number | null;
  /** Milliseconds since 1970. */
  readonly expires_at: number | null;
}

/** Administration of OAuth2 clients. */
export type ClientOperation =
  | { readonly op: 'client_list' }
  | { readonly op: 'client_create'; readonly values: Readonly<Record<string, unknown>>; readonly within: Bounds }
  | { readonly op: 'client_revoke'; readonly client_id: string };

export type Operation =
  | LoginOperation
  | SecondFactorOperation
  | VersionOperation
  | DocumentOperation
  | ClientOperation
  | SearchOperation
  | ReadOperation
  | AggregateOperation
  | ExplainOperation
  | CreateOperation
  | WriteOperation
  | UnlinkOperation
  | UpsertOperation
  | FoundOperation
  | ContentOperation
  | StoreOperation
  | ReportsOperation
  | ReportOperation
  | CallOperation
  | ModelsOperation
  | DescribeOperation
  | MethodsOperation
  | CompileOperation;

/** The raw result of `search` and `read`. */
export interface Records {
  readonly records: Record<string, unknown>[];
  /** Fields that the user may not read. */
  readonly omitted: readonly string[];
  /** The fields that were read. */
  readonly fields: readonly string[];
  readonly total?: number;
  /** Present if the page is full (so there may be more records) and the order supports cursors. */
  readonly next?: { readonly order: string; readonly after: Place };
}

/** The raw result of `create` and `write`. */
export interface Written {
  readonly ids: readonly number[];
  /** For an upsert: whether each record is new. */
  readonly created?: readonly boolean[];
  /** Paths of values that were sent for read-only fields but change nothing: `order_line[0].price_subtotal`. */
  readonly ignored?: readonly string[];
  readonly records?: Record<string, unknown>[];
}

/** A file from Odoo, or a part of it. */
export interface FilePart {
  /** The size of the whole file. */
  readonly size: number;
  readonly name: string;
  /** The media type of the file. */
  readonly type: string;
  /** A digest of the whole file. */
  readonly etag: string;
  readonly part: Buffer;
}

/** @param results the facts, and the bytes if there are any */
export function asFilePart([facts, part = Buffer.alloc(0)]: readonly unknown[]): FilePart {
  if (isObject(facts) && typeof facts['name'] === 'string' && Buffer.isBuffer(part)) {
    return { size: part.length, etag: '', ...facts, part } as FilePart;
  }
  throw unexpected('file');
}

/** The results come from a signed exchange with our own addon, so only their outer structure is checked. */
export function asRecords(result: unknown): Records {
  if (isObject(result) && Array.isArray(result['records']) && Array.isArray(result['omitted'])) {
    return result as unknown as Records;
  }
  throw unexpected('records');
}

/** The result of `aggregate`, ready to send. */
export interface Aggregates {
  readonly groups: readonly Readonly<Record<string, unknown>>[];
  /** The time zone in which times are grouped. */
  readonly timezone: string;
}

export function asAggregates(result: unknown): Aggregates {
  if (isObject(result) && Array.isArray(result['groups'])) return result as unknown as Aggregates;
  throw unexpected('groups');
}

export function asWritten(result: unknown): Written {
  if (isObject(result) && Array.isArray(result['ids'])) return result as unknown as Written;
  throw unexpected('ids');
}

export function asTypes(result: unknown): Readonly<Record<string, ModelTypes>> {
  if (isObject(result)) return result as Record<string, ModelTypes>;
  throw unexpected('types');
}

export interface LoginResult {
  /** The id of the user; null if Odoo refused the login. */
  readonly uid: number | null;
  /** Whether a second factor is still missing. */
  readonly mfa: boolean;
}

export function asLogin(result: unknown): LoginResult {
  if (isObject(result) && (result['uid'] === null || typeof result['uid'] === 'number')) return result as unknown as LoginResult;
  throw unexpected('login');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function unexpected(what: string): GatewayError {
  return new GatewayError('odoo.channel', {
    cause: new Error(`Odoo's answer contains no ${what}: do the addon and the sidecar have the same version?`),
  });
}

/** The result of `models`: the models that the user may use, with the user's own rights in Odoo. */
export const listedModels = z.array(
  z.object({
    model: z.string(),
    name: z.string(),
    read: z.boolean(),
    write: z.boolean(),
    create: z.boolean(),
    unlink: z.boolean(),
  }),
);
export type ListedModel = z.infer<typeof listedModels>[number];
