// Muster on Azure: an Azure Bot with its Teams channel, and the bot as a Container App that is always warm.
//   az deployment group create -g RESOURCE_GROUP -f infra/main.bicep -p image=REGISTRY/muster:TAG appId=... appPassword=...
// Types: Microsoft.BotService 2022-09-15 is the latest generally available one (facts/teams 7.3).

@description('Prefix of every name; letters and digits.')
@minLength(3)
@maxLength(12)
param name string = 'muster'

@description('Where everything but the bot registration (which is global) lives.')
param location string = resourceGroup().location

@description('The container image, as infra/Dockerfile builds it.')
param image string

@description('SingleTenant: an app registration of your own. UserAssignedMSI: the managed identity made here.')
@allowed(['SingleTenant', 'UserAssignedMSI'])
param appType string = 'SingleTenant'

@description('SingleTenant: the application (client) id. UserAssignedMSI: leave it empty.')
param appId string = ''

@description('The tenant of the app registration.')
param tenantId string = subscription().tenantId

@description('SingleTenant: a client secret of the app registration. It is kept in the key vault.')
@secure()
param appPassword string = ''

@description('postgresql://... for several replicas. An SQLite file is forgotten with the container.')
@secure()
param store string = 'sqlite:///muster.db'

var usesIdentity = appType == 'UserAssignedMSI'
var botId = usesIdentity ? identity.properties.clientId : appId
var vaultReader = '4633458b-17de-408a-b874-0445c86b69e6' // the built-in role Key Vault Secrets User
var environ = [
  {
    name: 'MicrosoftAppId'
    value: botId
  }
  {
    name: 'MicrosoftAppType'
    value: appType
  }
  {
    name: 'MicrosoftAppTenantId'
    value: tenantId
  }
  {
    name: 'MUSTER_STORE'
    secretRef: 'store'
  }
]
var password = [ // Muster refuses a password beside a managed identity
  {
    name: 'MicrosoftAppPassword'
    secretRef: 'app-password'
  }
]

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

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
  name: '${name}${uniqueString(resourceGroup().id)}'
  location: location
  properties: {
    tenantId: subscription().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
  }
}

resource passwordSecret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = {
  parent: vault
  name: 'app-password'
  properties: {
    value: empty(appPassword) ? 'unused' : appPassword // a managed identity has none, a secret may not be empty
  }
}

resource storeSecret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = {
  parent: vault
  name: 'store'
  properties: {
    value: store
  }
}

resource mayRead 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, identity.id, vaultReader)
  scope: vault
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', vaultReader)
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
  }
}

resource app 'Microsoft.App/containerApps@2024-03-01' = {
  name: name
  location: location
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identity.id}': {}
    }
  }
  properties: {
    environmentId: environment.id
    configuration: {
      activeRevisionsMode: 'Single'
      ingress: {
        external: true
        targetPort: 3978
        transport: 'http'
        allowInsecure: false
      }
      secrets: [
        {
          name: 'app-password'
          keyVaultUrl: passwordSecret.properties.secretUri
          identity: identity.id
        }
        {
          name: 'store'
          keyVaultUrl: storeSecret.properties.secretUri
          identity: identity.id
        }
      ]
    }
    template: {
      terminationGracePeriodSeconds: 15
      containers: [
        {
          name: 'muster'
          image: image
          resources: {
            cpu: json('0.5')
            memory: '1Gi'
          }
          env: usesIdentity ? environ : concat(environ, password)
          probes: [
            {
              type: 'Liveness'
              httpGet: {
                path: '/healthz'
                port: 3978
              }
            }
            {
              type: 'Readiness'
              httpGet: {
                path: '/readyz'
                port: 3978
              }
            }
          ]
        }
      ]
      // Never zero: Teams waits 15 s at most, and a cold start plus cold keys is more.
      scale: {
        minReplicas: 1
        maxReplicas: startsWith(store, 'sqlite:') ? 1 : 3
      }
    }
  }
  dependsOn: [
    mayRead
  ]
}

resource bot 'Microsoft.BotService/botServices@2022-09-15' = {
  name: '${name}-bot'
  location: 'global'
  kind: 'azurebot'
  sku: {
    name: 'F0'
  }
  properties: {
    displayName: 'Muster'
    endpoint: 'https://${app.properties.configuration.ingress.fqdn}/api/messages'
    msaAppId: botId
    msaAppType: appType
    msaAppTenantId: tenantId
    msaAppMSIResourceId: usesIdentity ? identity.id : ''
  }
}

resource teams 'Microsoft.BotService/botServices/channels@2022-09-15' = {
  parent: bot
  name: 'MsTeamsChannel'
  location: 'global'
  properties: {
    channelName: 'MsTeamsChannel'
  }
}

output botAppId string = botId
output endpoint string = bot.properties.endpoint
