// Muster on Azure: the bot and its Teams channel, the process that answers, its database, its secrets, its alarms.
//   az group create -n muster -l westeurope
//   az deployment group create -g muster -f infra/main.bicep -p @infra/secrets/azure.json -p image=REGISTRY/muster:TAG appId=...
// infra/ADMIN.md, On Azure, writes that file, which has the secrets: on a command line other people can read them.
// `python app.py register` makes the app registration first. The parts are in infra/azure/.

@description('Prefix of every name: small letters and digits, a letter first.')
@minLength(3)
@maxLength(11)
param name string = 'muster'

@description('Where everything but the bot registration (which is global) lives.')
param location string = resourceGroup().location

@description('The container image, as infra/Dockerfile builds it, in a public registry or in the one below.')
param image string

@description('An Azure Container Registry, such as contoso.azurecr.io, where the identity has the role AcrPull; empty for a public one.')
param registry string = ''

@description('SingleTenant: an app registration of your own. UserAssignedMSI: the managed identity made here; nobody can sign in to it.')
@allowed(['SingleTenant', 'UserAssignedMSI'])
param appType string = 'SingleTenant'

@description('SingleTenant: the application (client) id. UserAssignedMSI: leave it empty.')
param appId string = ''

@description('The tenant of the app registration.')
param tenantId string = subscription().tenantId

@description('SingleTenant: a client secret of the app registration. It is kept in the key vault.')
@secure()
param appPassword string = ''

@description('With signIn, by whose permission meetings are made: the app, people who sign in, or whichever is there.')
@allowed(['app', 'user', 'auto'])
param auth string = 'auto'

@description('Make the OAuth connection by which people sign in. Needs SingleTenant.')
param signIn bool = false

@description('Let people be rung: Teams reports the calls to /api/calls.')
param calls bool = false

@description('The password of the database, which only Muster uses; such as openssl rand -hex 24 makes.')
@secure()
@minLength(16)
param databasePassword string

@description('Seals the keys in the database; such as openssl rand -hex 32 makes. Keep it: what it sealed opens with nothing else.')
@secure()
@minLength(32)
param secretKey string

@description('Replicas that always run. Never zero: Teams waits 15 s at most, and a cold start plus cold keys is more.')
@minValue(1)
@maxValue(10)
param replicas int = 1

@description('Replicas at the busiest. They add processors, not database, of which each takes up to 8 connections.')
@minValue(1)
@maxValue(10)
param mostReplicas int = 3

@description('Who gets a mail when something is wrong; empty for nobody: the alarms then only show in the portal.')
param alertMail string = ''

@description('More settings of Muster by name, such as { MUSTER_LANGUAGE: \'de\' }. No secrets: they can be read in the portal.')
param settings object = {}

@description('More settings that are secrets, by name: MUSTER_HOOKS, OTEL_EXPORTER_OTLP_HEADERS, an OTEL_EXPORTER_OTLP_ENDPOINT with a key in it. They are kept in the key vault.')
@secure()
param secretSettings object = {}

var usesIdentity = appType == 'UserAssignedMSI'
var botId = usesIdentity ? identity.properties.clientId : appId
var connection = signIn && !usesIdentity ? 'muster' : ''
var publicUrl = 'https://${name}.${environment.properties.defaultDomain}'

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: '${name}-identity'
  location: location
}

resource logs 'Microsoft.OperationalInsights/workspaces@2023-09-01' = {
  name: '${name}-logs'
  location: location
  properties: {
    sku: {
      name: 'PerGB2018'
    }
    retentionInDays: 30
  }
}

resource environment 'Microsoft.App/managedEnvironments@2024-03-01' = {
  name: '${name}-environment'
  location: location
  properties: {
    appLogsConfiguration: {
      destination: 'log-analytics'
      logAnalyticsConfiguration: {
        customerId: logs.properties.customerId
        sharedKey: logs.listKeys().primarySharedKey
      }
    }
    vnetConfiguration: {
      infrastructureSubnetId: network.outputs.apps
    }
    workloadProfiles: [
      {
        name: 'Consumption'
        workloadProfileType: 'Consumption'
      }
    ]
  }
}

module network 'azure/network.bicep' = {
  name: 'network'
  params: {
    name: name
    location: location
  }
}

module database 'azure/database.bicep' = {
  name: 'database'
  params: {
    name: name
    location: location
    password: databasePassword
    subnet: network.outputs.database
    zone: network.outputs.zone
  }
}

module secrets 'azure/secrets.bicep' = {
  name: 'secrets'
  params: {
    name: name
    location: location
    reader: identity.properties.principalId
    appPassword: empty(appPassword) ? 'unused' : appPassword // a managed identity has none, a secret may not be empty
    store: 'postgresql://muster:${uriComponent(databasePassword)}@${database.outputs.host}/muster?sslmode=verify-full&sslrootcert=/etc/ssl/certs/ca-certificates.crt'
    secretKey: secretKey
    secretSettings: secretSettings
  }
}

module app 'azure/app.bicep' = {
  name: 'app'
  params: {
    name: name
    location: location
    image: image
    registry: registry
    environmentId: environment.id
    identityId: identity.id
    usesPassword: !usesIdentity
    appPasswordUri: secrets.outputs.appSecretUri
    storeUri: secrets.outputs.storeUri
    secretKeyUri: secrets.outputs.keyUri
    vaultUri: secrets.outputs.vaultUri
    secretSettings: secretSettings
    replicas: replicas
    mostReplicas: max(replicas, mostReplicas)
    settings: union(settings, {
      MicrosoftAppId: botId
      MicrosoftAppType: appType
      MicrosoftAppTenantId: tenantId
      MUSTER_AUTH: empty(connection) ? 'app' : auth
      MUSTER_OAUTH_CONNECTION: connection
      MUSTER_PUBLIC_URL: publicUrl
    })
  }
}

module bot 'azure/bot.bicep' = {
  name: 'bot'
  params: {
    name: '${name}-bot'
    url: publicUrl
    appId: botId
    appType: appType
    tenantId: tenantId
    identityId: usesIdentity ? identity.id : ''
    calls: calls
    connection: connection
    appPassword: appPassword
  }
}

module alarms 'azure/alarms.bicep' = {
  name: 'alarms'
  params: {
    name: name
    location: location
    mail: alertMail
    appId: app.outputs.id
    databaseId: database.outputs.id
    logsId: logs.id
  }
}

@description('Where Teams finds Muster; the bot knows it already.')
output endpoint string = bot.outputs.endpoint

@description('The bot\'s app id, for the app package: python app.py manifest build --app-id.')
output botAppId string = botId

@description('The managed identity\'s object id, which UserAssignedMSI gives permissions to.')
output identityPrincipalId string = identity.properties.principalId

@description('What is left to do, in this order.')
output nextSteps array = [
  usesIdentity ? 'Permissions: python app.py register --way app --identity ${identity.properties.principalId}' : 'Permissions: python app.py register --way ${signIn ? 'sign-in' : 'app'} --app-id ${appId}'
  auth == 'user' ? 'No policy is needed: people sign in.' : 'Policy, in https://shell.azure.com (PowerShell): New-CsApplicationAccessPolicy -Identity Muster -AppIds "${botId}"; Grant-CsApplicationAccessPolicy -PolicyName Muster -Global'
  'Package: python app.py manifest build --app-id ${botId}, and upload build/muster.zip in the Teams admin center'
  'Proof: ${publicUrl}/readyz answers "ready"'
]
