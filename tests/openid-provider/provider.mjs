// A real OpenID provider (npm oidc-provider) for the integration tests.
//
// One process serves many realms: each test makes its own with POST /realms and so has its own issuer, keys, people,
// counters and faults. The realm is steered through /realms/NAME/control, which no part of the program under test knows.
// The process says where it listens in one line of JSON on standard output, and ends when its standard input ends.

import * as crypto from 'node:crypto';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import { createLocalJWKSet, jwtVerify } from 'jose'; // what oidc-provider itself uses
import Provider, { errors } from 'oidc-provider';

// By way of PEM: in Node 20, exporting the key object that the generation itself returned now and then deadlocks with the
// garbage collector, which destroys the generation's job under the same mutex.
const { privateKey: pem } = crypto.generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});
const SIGNING_KEY = {
  ...crypto.createPrivateKey(pem).export({ format: 'jwk' }), alg: 'RS256', kid: 'signing-key-1', use: 'sig',
};

const BY_CODE_ONLY = ['authorization_code'];
const WITH_REFRESH = ['authorization_code', 'refresh_token'];
const NATIVE = {
  application_type: 'native',
  redirect_uris: ['http://localhost:8000', 'http://localhost:18000'], // RFC 8252 §7.3: any port is as good
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
};

const CLIENTS = [
  { ...NATIVE, client_id: 'kubernetes', grant_types: WITH_REFRESH },
  // Okta's app with the grant type "Authorization Code" only: offline_access is asked for and no refresh token comes.
  { ...NATIVE, client_id: 'code-only', grant_types: BY_CODE_ONLY },
  // A provider that compares redirect URIs byte for byte, the port included.
  {
    ...NATIVE, client_id: 'port-8000-only', grant_types: WITH_REFRESH,
    application_type: 'web', redirect_uris: ['http://localhost:8000'],
  },
  // A provider that takes no http redirect URI, of this machine neither.
  {
    ...NATIVE, client_id: 'https-redirect', grant_types: WITH_REFRESH,
    application_type: 'web', redirect_uris: ['https://localhost:8000'],
  },
  // A confidential client, as older installations have it.
  {
    ...NATIVE, client_id: 'confidential', client_secret: 'a secret, that: needs "quoting" & more', grant_types: WITH_REFRESH,
    token_endpoint_auth_method: 'client_secret_basic',
  },
  // One that must send its secret in the form.
  {
    ...NATIVE, client_id: 'posting', client_secret: 'secret to be posted', grant_types: WITH_REFRESH,
    token_endpoint_auth_method: 'client_secret_post',
  },
];

const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:';

// In realms that exchange tokens: who may ask for it, and what it may be for.
const EXCHANGING_CLIENTS = [
  { ...NATIVE, client_id: 'exchanger', grant_types: [...WITH_REFRESH, TOKEN_EXCHANGE] },
  {
    ...NATIVE, client_id: 'exchanger-with-secret', client_secret: 'secret of the exchanger', grant_types: [...WITH_REFRESH, TOKEN_EXCHANGE],
    token_endpoint_auth_method: 'client_secret_basic',
  },
  ...['cluster-b', 'cluster-c'].map((id) => ({ ...NATIVE, client_id: id, grant_types: BY_CODE_ONLY })),
];

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';

// In realms that have more grants than the authorization code.
const MORE_CLIENTS = [
  { ...NATIVE, client_id: 'device', grant_types: [...WITH_REFRESH, DEVICE_CODE] },
  {
    client_id: 'robot', client_secret: 'secret of the robot', grant_types: ['client_credentials'], redirect_uris: [], response_types: [],
    token_endpoint_auth_method: 'client_secret_basic',
  },
  // A provider that shows the code on a page of its own, or at a page that nobody reaches.
  {
    ...NATIVE, client_id: 'keyboard', grant_types: WITH_REFRESH, redirect_uris: ['urn:ietf:wg:oauth:2.0:oob', 'http://localhost:8000'],
  },
];

// In realms that know a key of the client's: it signs assertions, and sends no secret.
const signingClients = (keys, exchange) => [
  {
    ...NATIVE, client_id: 'signing', jwks: { keys }, grant_types: [...WITH_REFRESH, DEVICE_CODE, ...exchange ? [TOKEN_EXCHANGE] : []],
    token_endpoint_auth_method: 'private_key_jwt',
  },
  // One whose users are workloads: the token of the platform says who signs in.
  {
    client_id: 'workloads', grant_types: [JWT_BEARER, 'refresh_token'], redirect_uris: [], response_types: [],
    token_endpoint_auth_method: 'none',
  },
  {
    client_id: 'signing-robot', jwks: { keys }, grant_types: ['client_credentials'], redirect_uris: [], response_types: [],
    token_endpoint_auth_method: 'private_key_jwt',
  },
];

const escape = (text) => String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

const signInPage = (uid, mount, clientId, wrong) => `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Sign in</title></head><body>
<h1>Sign in to ${escape(clientId)}</h1>${wrong ? '<p role="alert">Wrong name or password.</p>' : ''}
<form method="post" action="${mount}/interaction/${uid}">
<label>Name <input name="name" autofocus autocomplete="off"></label>
<label>Password <input name="password" type="password"></label>
<button type="submit">Sign in</button>
</form>
<a href="${mount}/interaction/${uid}/cancel">Cancel</a>
</body></html>`;

class Realm {
  constructor(origin, name, {
    secondsOfIdToken = 3600, groups = {}, moreGrants = false, clientKeys = [], audience = '', pushed = 'no', tokenExchange = false,
  } = {}) {
    this.mount = `/realms/${name}`;
    this.issuer = origin + this.mount;
    this.state = {
      secondsOfIdToken, // how long ID and access tokens live
      groups, // of a person, instead of ['eks-admins']
      emailVerified: true,
      acr: undefined, // how people sign in from now on
      amr: undefined,
      secondsOfRequestUri: 60, // how long the request URI of a pushed authorization request lives
      faults: [], // for the next requests: { path, status, delay (ms), hold, drop: 'before' | 'after' }
    };
    this.held = []; // what lets the requests go on that are held
    this.serial = 0;
    this.moreGrants = moreGrants; // device code, client credentials and password
    this.clientKeys = clientKeys;
    this.audience = audience; // the one that assertions must name: 'issuer' or 'endpoint'; else any that names this realm
    this.pushed = pushed; // authorization requests: 'no', 'offered' or 'required' (RFC 9126)
    this.tokenExchange = tokenExchange; // RFC 8693
    this.forget();
    this.provider = new Provider(this.issuer, this.configuration());
    if (pushed !== 'no') this.shortenRequestUris();
    if (tokenExchange) {
      const parameters = ['audience', 'requested_token_type', 'scope', 'subject_token', 'subject_token_type'];
      this.provider.registerGrantType(TOKEN_EXCHANGE, (ctx) => this.exchange(ctx), parameters);
    }
    if (clientKeys.length) {
      this.provider.registerGrantType(JWT_BEARER, (ctx) => this.trustPlatform(ctx), ['assertion', 'scope'], ['scope']);
    }
    this.handle = this.provider.callback();
    this.provider.on('grant.revoked', () => { this.seen.revokedGrants += 1; });
    this.provider.on('server_error', (_ctx, error) => { console.error(error); });
  }

  forget() {
    this.seen = {
      requests: {}, // "POST /token": how often
      authorizationRequests: [], // their parameters
      pushedRequests: [], // the parameters of pushed authorization requests
      deviceRequests: [], // the parameters of device authorization requests
      tokenRequests: [], // their grant types
      clientMethods: [], // how the client proved who it is, in these
      clientAssertions: [], // their headers and claims, in one object each
      revokedGrants: 0, // reuse of a rotated refresh token was seen
    };
  }

  configuration() {
    const lifetime = () => this.state.secondsOfIdToken;
    return {
      clients: [
        ...CLIENTS, ...this.moreGrants ? MORE_CLIENTS : [], ...this.clientKeys.length ? signingClients(this.clientKeys, this.tokenExchange) : [],
        ...this.tokenExchange ? EXCHANGING_CLIENTS : [],
      ],
      assertJwtClientAuthClaimsAndHeader: (ctx, { aud }) => this.checkAudience(ctx, aud),
      jwks: { keys: [SIGNING_KEY] },
      cookies: { keys: [crypto.randomUUID()] },
      scopes: ['openid', 'offline_access'],
      acrValues: ['pwd', 'mfa'],
      claims: { openid: ['sub', 'groups', 'serial', 'acr', 'amr'], email: ['email', 'email_verified'], profile: ['name'] },
      conformIdTokenClaims: false, // the claims are in the ID token, where Kubernetes looks for them
      pkce: { required: () => true },
      rotateRefreshToken: true,
      ttl: {
        AccessToken: lifetime, IdToken: lifetime, AuthorizationCode: 60, Grant: 86400, Interaction: 600, RefreshToken: 86400, Session: 86400,
      },
      features: {
        claimsParameter: { enabled: true },
        clientCredentials: { enabled: this.moreGrants },
        devInteractions: { enabled: false },
        deviceFlow: { enabled: this.moreGrants },
        pushedAuthorizationRequests: {
          enabled: this.pushed !== 'no', requirePushedAuthorizationRequests: this.pushed === 'required',
        },
        revocation: { enabled: true },
      },
      interactions: { url: (_ctx, interaction) => `${this.mount}/interaction/${interaction.uid}` },
      findAccount: (_ctx, name) => ({ accountId: name, claims: () => this.claims(name) }),
      renderError: (ctx, out) => {
        ctx.type = 'html';
        ctx.body = `<!DOCTYPE html><title>Error</title><h1>${escape(out.error)}</h1><p>${escape(out.error_description)}</p>`;
      },
    };
  }

  // Some providers know themselves by one name alone: Okta by the address that is asked, FAPI 2.0 by the issuer identifier.
  checkAudience(ctx, aud) {
    const only = { issuer: this.issuer, endpoint: this.issuer + ctx.path }[this.audience];
    if (only && aud !== only) throw new errors.InvalidClientAuth(`the audience must be the ${this.audience}`);
  }

  claims(name) {
    return {
      sub: name,
      name: `${name} of the tests`,
      email: `${name}@example.com`,
      email_verified: this.state.emailVerified,
      groups: this.state.groups[name] ?? ['eks-admins'],
      serial: this.serial += 1, // no two tokens are alike, not even those of one second
    };
  }

  async answer(req, res, path) {
    if (path === '/control') {
      await this.control(req, res);
      return;
    }
    const url = new URL(path, this.issuer);
    const request = `${req.method} ${url.pathname}`;
    this.seen.requests[request] = (this.seen.requests[request] ?? 0) + 1;
    if (await this.fault(req, res, url.pathname)) return;
    if (url.pathname.startsWith('/interaction/')) {
      await this.interact(req, res, url.pathname);
      return;
    }
    if (url.pathname === '/auth') {
      this.seen.authorizationRequests.push(Object.fromEntries(url.searchParams));
      // oidc-provider grants offline_access only with prompt=consent (OpenID Connect Core 11); others do not ask for it.
      if (url.searchParams.get('scope')?.includes('offline_access')) url.searchParams.set('prompt', 'consent');
    }
    if (url.pathname === '/token') await this.noteGrant(req);
    if (url.pathname === '/request') {
      req.body = Object.fromEntries(new URLSearchParams(await bodyOf(req)));
      this.seen.pushedRequests.push({ ...req.body });
      if (req.body.scope?.includes('offline_access')) req.body.prompt = 'consent';
    }
    if (url.pathname === '/device/auth') {
      req.body = Object.fromEntries(new URLSearchParams(await bodyOf(req)));
      this.seen.deviceRequests.push({ ...req.body });
      this.noteAssertion(req.body);
      if (req.body.scope?.includes('offline_access')) req.body.prompt = 'consent';
    }
    req.originalUrl = this.mount + url.pathname + url.search; // how oidc-provider learns where it is mounted
    req.url = url.pathname + url.search;
    await this.handle(req, res);
  }

  // oidc-provider lets request URIs live for a minute, whatever is configured.
  shortenRequestUris() {
    const { prototype } = this.provider.PushedAuthorizationRequest;
    const { save } = prototype;
    const lifetime = () => this.state.secondsOfRequestUri;
    prototype.save = function shortLived() { return save.call(this, lifetime()); };
    this.provider.use(async (ctx, next) => {
      await next();
      if (ctx.body?.request_uri) ctx.body.expires_in = lifetime();
    });
  }

  async noteGrant(req) {
    req.body = Object.fromEntries(new URLSearchParams(await bodyOf(req)));
    this.seen.tokenRequests.push(req.body.grant_type);
    this.seen.clientMethods.push(methodOf(req));
    this.noteAssertion(req.body);
    if (req.body.grant_type === 'password' && this.moreGrants) await this.takePassword(req.body);
  }

  noteAssertion({ client_assertion: assertion }) {
    if (!assertion) return;
    const [header, claims] = assertion.split('.').slice(0, 2).map((part) => JSON.parse(Buffer.from(part, 'base64url')));
    this.seen.clientAssertions.push({ ...header, ...claims });
  }

  // oidc-provider has no token exchange: an access token of the client is exchanged for a token for another of the clients.
  async exchange(ctx) {
    const { AccessToken, Client, IdToken } = this.provider;
    const { client, params } = ctx.oidc;
    const subject = await AccessToken.find(params.subject_token);
    if (params.subject_token_type !== `${TOKEN_TYPE}access_token` || subject?.clientId !== client.clientId) {
      throw new errors.InvalidRequest('the subject token is no access token of this client');
    }
    const target = await Client.find(params.audience);
    if (!target?.clientId.startsWith('cluster-')) throw new errors.InvalidTarget('there is no such audience');
    const type = params.requested_token_type;
    if (type === `${TOKEN_TYPE}access_token`) {
      const { accountId, grantId, gty, scope } = subject;
      const token = new AccessToken({ accountId, client: target, grantId, gty, scope });
      ctx.body = { access_token: await token.save(), expires_in: token.expiration, token_type: 'Bearer' };
    } else {
      const token = new IdToken(this.claims(subject.accountId), { ctx, client: target });
      token.scope = subject.scope;
      token.set('azp', client.clientId);
      ctx.body = { access_token: await token.issue({ use: 'idtoken' }), token_type: 'N_A' };
    }
    ctx.body.issued_token_type = type;
  }

  // oidc-provider has no JWT bearer grant (RFC 7523): a token of the platform is good if one of the client's keys signed it for this realm.
  async trustPlatform(ctx) {
    const { AccessToken, Grant, IdToken, RefreshToken } = this.provider;
    const { client, params } = ctx.oidc;
    const verified = await jwtVerify(params.assertion, createLocalJWKSet({ keys: this.clientKeys }), { audience: this.issuer }).catch(() => {
      throw new errors.InvalidGrant('the assertion is not to be trusted');
    });
    const accountId = verified.payload.sub;
    const grant = new Grant({ accountId, clientId: client.clientId });
    grant.addOIDCScope(params.scope);
    const grantId = await grant.save();
    const own = { accountId, client, grantId, gty: 'jwt_bearer', scope: params.scope };
    const token = new AccessToken(own);
    ctx.body = { access_token: await token.save(), expires_in: token.expiration, token_type: 'Bearer', scope: params.scope };
    if (params.scope.includes('openid')) {
      const idToken = new IdToken(this.claims(accountId), { ctx, client });
      idToken.scope = params.scope;
      ctx.body.id_token = await idToken.issue({ use: 'idtoken' });
    }
    if (params.scope.includes('offline_access')) ctx.body.refresh_token = await new RefreshToken(own).save();
  }

  // oidc-provider has no password grant: a right password is taken for a device code that somebody has approved already.
  async takePassword(body) {
    const { client_id: clientId, password, scope, username } = body;
    const client = await this.provider.Client.find(clientId);
    const grant = new this.provider.Grant({ accountId: username, clientId });
    grant.addOIDCScope(scope);
    const [grantId, claims, authTime] = [await grant.save(), {}, Math.floor(Date.now() / 1000)];
    const code = new this.provider.DeviceCode({
      accountId: username, authTime, claims, client, grantId, params: {}, scope, userCode: crypto.randomUUID(),
    });
    const value = await code.save();
    body.grant_type = DEVICE_CODE;
    body.device_code = password === `password of ${username}` ? value : 'none';
  }

  // Does what was ordered for a request of this path; returns whether that was the answer.
  async fault(req, res, path) {
    const index = this.state.faults.findIndex((fault) => fault.path === path);
    if (index < 0) return false;
    const [{ status, delay, hold, drop }] = this.state.faults.splice(index, 1);
    if (delay) await sleep(delay);
    if (hold) await new Promise((goOn) => { this.held.push(goOn); });
    if (drop === 'before') req.socket.destroy();
    if (drop === 'after') res.end = () => req.socket.destroy();
    if (status) reply(res, status, 'text/html', '<h1>The provider has a problem</h1>');
    return Boolean(status) || drop === 'before';
  }

  // What a person sees: a page with name and password, or nothing at all when already signed in.
  async interact(req, res, path) {
    const { uid, prompt, params, session, grantId } = await this.provider.interactionDetails(req, res);
    const finish = async (accountId) => {
      const known = grantId && await this.provider.Grant.find(grantId);
      const grant = known || new this.provider.Grant({ accountId, clientId: params.client_id });
      grant.addOIDCScope(params.scope);
      const { acr, amr } = this.state;
      const result = { login: { accountId, acr, amr }, consent: { grantId: await grant.save() } };
      await this.provider.interactionFinished(req, res, result, { mergeWithLastSubmission: false });
    };
    if (path.endsWith('/cancel')) {
      const result = { error: 'access_denied', error_description: 'The person cancelled the sign-in' };
      await this.provider.interactionFinished(req, res, result, { mergeWithLastSubmission: false });
    } else if (req.method === 'POST') {
      const form = new URLSearchParams(await bodyOf(req));
      if (form.get('name') && form.get('password') === `password of ${form.get('name')}`) await finish(form.get('name'));
      else reply(res, 200, 'text/html', signInPage(uid, this.mount, params.client_id, true));
    } else if (prompt.name === 'consent') {
      await finish(session.accountId);
    } else {
      reply(res, 200, 'text/html', signInPage(uid, this.mount, params.client_id, false));
    }
  }

  async control(req, res) {
    if (req.method === 'POST') {
      const { release, ...state } = JSON.parse(await bodyOf(req));
      Object.assign(this.state, state);
      if (release) {
        this.state.faults.forEach((fault) => { fault.hold = false; });
        this.held.splice(0).forEach((goOn) => goOn());
      }
    }
    if (req.method === 'DELETE') this.forget();
    reply(res, 200, 'application/json', JSON.stringify(this.seen));
  }
}

// oidc-provider itself takes a secret in the header where it waits for one in the form, and the other way round.
function methodOf({ headers, body }) {
  if (headers.authorization) return 'client_secret_basic';
  if (body.client_secret) return 'client_secret_post';
  return body.client_assertion ? 'private_key_jwt' : 'none';
}

function reply(res, status, type, text) {
  res.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
  res.end(text);
}

async function bodyOf(req) {
  const parts = [];
  for await (const part of req) parts.push(part);
  return Buffer.concat(parts).toString();
}

const realms = new Map();

async function answer(req, res) {
  const origin = `http://127.0.0.1:${server.address().port}`;
  const [, name, path] = /^\/realms\/(\w+)(\/.*)$/.exec(req.url) ?? [];
  if (req.method === 'POST' && req.url === '/realms') {
    const settings = JSON.parse(await bodyOf(req));
    const realm = new Realm(origin, `r${realms.size + 1}`, settings);
    realms.set(realm.mount, realm);
    reply(res, 201, 'application/json', JSON.stringify({ issuer: realm.issuer }));
  } else if (realms.has(`/realms/${name}`)) {
    await realms.get(`/realms/${name}`).answer(req, res, path);
  } else {
    reply(res, 404, 'text/plain', 'no such realm');
  }
}

const server = createServer((req, res) => {
  answer(req, res).catch((error) => {
    console.error(error);
    if (!res.headersSent) reply(res, 500, 'text/plain', 'the provider of the tests failed');
  });
});

server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ origin: `http://127.0.0.1:${server.address().port}` }));
});
process.stdin.resume().on('end', () => process.exit(0));
